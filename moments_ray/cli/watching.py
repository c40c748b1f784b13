"""Watching a run from beside its database."""

from __future__ import annotations

import asyncio
import time

import redis.asyncio as redis
from redis.exceptions import RedisError
from rich.console import Console

from moments_ray.cli.bars import ShownStage, StageBars
from moments_ray.database.tables import Run, RunStage
from moments_ray.engine.environment import Environment
from moments_ray.engine.queries.journal_reader import JournalReader
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.live_status import active_key
from moments_ray.errors import ServiceUnavailable
from moments_ray.runtime.connection import open_redis
from moments_ray.states import RunStatus

_POLL_SECONDS = 0.25
_TIMEOUT_SECONDS = 90.0  # for a database that went away; the worker gives up earlier


async def watch(run: Run, environment: Environment, console: Console) -> Run:
    """Show a run's stages until it is finished, and return it as it ended.

    Raises:
        DatabaseUnavailable: it went away, and did not come back for a while.
    """
    names = environment.registry.get(run.pipeline).stage_names
    client = open_redis(environment.settings)
    seen = time.monotonic()
    try:
        with StageBars(names, console) as bars:
            while True:
                try:
                    current, stages = await _look(run, environment)
                except ServiceUnavailable:
                    if time.monotonic() - seen > _TIMEOUT_SECONDS:
                        raise
                else:
                    seen = time.monotonic()
                    bars.show(
                        {name: _shown(stage) for name, stage in stages.items()},
                        await _progress(client, run.subject, names),
                    )
                    if RunStatus(current.status).finished:
                        return current
                await asyncio.sleep(_POLL_SECONDS)
    finally:
        await client.aclose()


async def _look(run: Run, environment: Environment) -> tuple[Run, dict[str, RunStage]]:
    async with environment.database.read() as session:
        return await Runs(session).get(run.identifier), await JournalReader(session, run.id).stages()


async def _progress(client: redis.Redis, subject: str, names: tuple[str, ...]) -> dict[str, float]:
    """Return how far each stage is, 0 to 1; nothing is lost where Redis is away, and nothing known either."""
    try:
        live = await client.hgetall(active_key(subject))
    except RedisError:
        live = {}
    return {name: float(live.get(f"{name}_progress".encode(), b"0")) for name in names}


def _shown(stage: RunStage) -> ShownStage:
    return ShownStage(stage.status, stage.seconds, str((stage.output or {}).get("why", "")))
