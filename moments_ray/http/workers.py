"""Who works: PostgreSQL knows the heartbeats of runs, Redis when each worker looked into the queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from redis.exceptions import RedisError

from moments_ray.engine.queries.workers import Workers
from moments_ray.engine.runs.queue import Queue
from moments_ray.http.container import Container
from moments_ray.http.health import SEEN_SECONDS
from moments_ray.http.schemas.workers import WorkerStatus


@dataclass(frozen=True)
class SeenWorker:
    """A worker that listens, or holds runs: their pipelines by identifier."""

    name: str
    status: WorkerStatus
    runs: Mapping[str, str]
    last_heartbeat: datetime

    @property
    def node(self) -> str | None:
        """Its machine, which stands in its name."""
        return self.name.removeprefix("worker-").rpartition("-")[0] or None


async def seen_workers(container: Container) -> list[SeenWorker]:
    """Return the workers that there are; while Redis is away, those that hold runs."""
    async with container.environment.database.read() as session:
        holding = {each.worker: each for each in await Workers(session).holding()}
    looked = {
        name: idle for name, idle in (await _looked(container)).items() if idle <= SEEN_SECONDS or name in holding
    }
    lease = container.environment.settings.worker.lease_seconds
    now, found = datetime.now(UTC), []
    for name in sorted({*holding, *looked}):
        held = holding.get(name)
        age = min(each for each in (held and held.age, looked.get(name)) if each is not None)
        silent = held is not None and held.age >= lease
        status = WorkerStatus.SILENT if silent else WorkerStatus.BUSY if held else WorkerStatus.IDLE
        found.append(SeenWorker(name, status, held.runs if held else {}, now - timedelta(seconds=age)))
    return found


async def _looked(container: Container) -> Mapping[str, float]:
    try:
        return await Queue(container.redis).consumers()
    except RedisError:
        return {}
