"""Looking for the cancel flags of runs that are under way."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Mapping

import redis.asyncio as redis
from redis.exceptions import RedisError

from moments_ray.database.tables import Run
from moments_ray.engine.runs.execution import RunExecution, StopReason
from moments_ray.engine.runs.lease import key_of
from moments_ray.engine.runs.live_status import cancel_key
from moments_ray.ids import RunId


async def watch_cancels(
    client: redis.Redis, executions: Mapping[str, tuple[Run, RunExecution]], every_seconds: float
) -> None:
    """Stop executions whose run has a cancel flag: faster than the heartbeat's look at PostgreSQL. Never returns."""
    while True:
        await asyncio.sleep(every_seconds)
        running = list(executions.values())
        if not running:
            continue
        with contextlib.suppress(RedisError):
            flags = await client.mget([cancel_key(key_of(run)) for run, _ in running])
            for (run, execution), flag in zip(running, flags, strict=True):
                if flag is not None and not _names_another(flag, RunId(run.identifier)):
                    execution.stop(StopReason.CANCEL)


def _names_another(flag: bytes | str, run: RunId) -> bool:
    """Tell whether a cancel flag names some other run, as one that outlived its own does."""
    try:
        return str(uuid.UUID(flag.decode() if isinstance(flag, bytes) else flag)) != run
    except ValueError:
        return False
