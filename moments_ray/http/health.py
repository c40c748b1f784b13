"""Asking the parts this service needs whether they answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

import structlog
from pydantic import BaseModel, ConfigDict, Field
from redis.exceptions import RedisError

from moments_ray.engine.runs.queue import Queue
from moments_ray.errors import DatabaseUnavailable, MomentsError, RayUnavailable, RedisUnavailable
from moments_ray.http.container import Container
from moments_ray.models.tunnel_states import TunnelStates

T = TypeVar("T")

log = structlog.get_logger()

SEEN_SECONDS = 60.0  # a worker with all its places taken looks at the queue every 15
_TIMEOUT_SECONDS = 1.8  # the answer is promised within 2


class PartHealth(BaseModel):
    """One part: whether it answers, how fast, and what it says of itself."""

    model_config = ConfigDict(frozen=True, extra="allow")

    status: Literal["ok", "down"]
    milliseconds: float = Field(description="time it took to answer, or to be given up")
    code: str | None = Field(None, description="of the error, where it is down")
    message: str | None = Field(None, description="of the error, where it is down")


class HealthReport(BaseModel):
    """All parts; ``unhealthy`` when one of them is down."""

    model_config = ConfigDict(frozen=True)

    status: Literal["healthy", "unhealthy"]
    service: str
    version: str
    queue_running: bool = Field(description="whether a worker listens for runs; without one they wait")
    debug: bool = False
    database: PartHealth
    redis: PartHealth
    ray: PartHealth
    tunnels: dict[str, int] | None = Field(
        None,
        description="how many SSH tunnels to models are ready, connecting or down; one that is down makes its model "
        "unavailable, not this service",
    )

    @property
    def works(self) -> bool:
        """Whether every part does."""
        return self.status == "healthy"


class ShortHealth(BaseModel):
    """Whether requests are served; ``degraded`` while Redis is away, which only slows runs down."""

    model_config = ConfigDict(frozen=True)

    status: Literal["ok", "degraded"]
    redis: bool
    timestamp: datetime


class Health:
    """The health of the parts behind a container."""

    def __init__(self, container: Container, version: str) -> None:
        self._container = container
        self._version = version
        self._database = _Part(self._ask_database, DatabaseUnavailable)
        self._redis = _Part(self._ask_redis, RedisUnavailable)
        self._ray = _Part(self._ask_ray, RayUnavailable)
        self._tunnels = TunnelStates(container.redis)
        self._queue = Queue(container.redis)

    async def report(self) -> HealthReport:
        """Ask all parts at once; returns within two seconds, whatever they do."""
        database, redis, ray, tunnels, workers = await asyncio.gather(
            self._database.health(),
            self._redis.health(),
            self._ray.health(),
            self._of_redis(self._tunnels.read()),
            self._of_redis(self._queue.listening(SEEN_SECONDS)),
        )
        works = all(part.status == "ok" for part in (database, redis, ray))
        return HealthReport(
            status="healthy" if works else "unhealthy",
            service=self._container.environment.settings.service_name,
            version=self._version,
            queue_running=bool(workers),
            debug=self._container.environment.settings.debug,
            database=database,
            redis=redis,
            ray=ray,
            tunnels=tunnels,
        )

    async def short(self) -> tuple[ShortHealth, bool]:
        """Return how PostgreSQL and Redis are, and whether requests can be served at all."""
        database, redis = await asyncio.gather(self._database.health(), self._redis.health())
        answers = (database.status == "ok", redis.status == "ok")
        status: Literal["ok", "degraded"] = "ok" if all(answers) else "degraded"
        return ShortHealth(status=status, redis=answers[1], timestamp=datetime.now(UTC)), answers[0]

    async def _ask_database(self) -> dict[str, Any]:
        await self._container.environment.database.ping()
        return {}

    async def _ask_redis(self) -> dict[str, Any]:
        await self._container.redis.ping()
        return {}

    async def _of_redis(self, answer: Awaitable[T]) -> T | None:
        """Return what Redis knows, or None while it does not answer."""
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                return await answer
        except (RedisError, TimeoutError):
            return None

    async def _ask_ray(self) -> dict[str, Any]:
        """Count the nodes, and name the stages that none of them can take: their runs wait for a larger one."""
        nodes = await asyncio.to_thread(self._container.nodes)
        return {"nodes": len(nodes), "unsatisfiable": self._container.environment.registry.unsatisfiable(nodes)}


class _Part:
    """A part that is asked once at a time, however many wait for its answer."""

    def __init__(self, ask: Callable[[], Awaitable[dict[str, Any]]], down: type[MomentsError]) -> None:
        self._ask = ask
        self._down = down
        self._asking: asyncio.Future[dict[str, Any]] | None = None

    async def health(self) -> PartHealth:
        started = time.monotonic()
        if self._asking is None or self._asking.done():
            self._asking = asyncio.ensure_future(self._ask())
            self._asking.add_done_callback(_note_failure)
        await asyncio.wait([self._asking], timeout=_TIMEOUT_SECONDS)
        milliseconds = round((time.monotonic() - started) * 1000, 1)
        if not self._asking.done():
            return self._is_down(f"no answer within {_TIMEOUT_SECONDS:g} s", milliseconds)
        if (error := self._asking.exception()) is not None:
            return self._is_down(str(error) or type(error).__name__, milliseconds)
        return PartHealth(status="ok", milliseconds=milliseconds, **self._asking.result())

    def _is_down(self, reason: str, milliseconds: float) -> PartHealth:
        """Tell strangers only which part it is; where it is and who we are there stays in the log."""
        log.warning("health.down", part=self._down.code, reason=reason)
        message = self._down.__doc__
        return PartHealth(status="down", milliseconds=milliseconds, code=self._down.code, message=message)


def _note_failure(answer: asyncio.Future[dict[str, Any]]) -> None:
    """Look at how it ended: when everybody has given up waiting, nobody else does, and asyncio would complain."""
    if not answer.cancelled():
        answer.exception()
