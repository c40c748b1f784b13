"""Clearing up after a run: objects that its interrupted tries left, and that nothing points at."""

from __future__ import annotations

import structlog

from moments_ray.database.tables import Run
from moments_ray.engine.environment import Environment
from moments_ray.library.queries.references import References

log = structlog.get_logger()


async def clear_up(environment: Environment, run: Run) -> None:
    """Delete a video's unreferenced objects while its run still keeps every other run of the video out."""
    async with environment.database.read() as session:
        if not await References(session).interrupted(run.id):
            return
    names = [one.name async for one in environment.store.list(f"videos/{run.subject}/")]
    if not names:
        return
    async with environment.database.read() as session:
        left = await References(session).unreferenced(run.subject, names)
    for name in left:
        await environment.store.delete(name)
    if left:
        log.info("run.cleared_up", run=run.identifier, objects=len(left))
