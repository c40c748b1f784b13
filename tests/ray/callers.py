"""What a server does when asked, as Ray tasks, whose processes may die of it."""

from __future__ import annotations

import asyncio

from moments_ray import runtime
from moments_ray.library.deletion import Deletion
from moments_ray.settings import Settings
from tests.ray.trial_pipelines import FAN, Trial
from tests.runs import submit as start


def submit(settings: Settings, request: Trial, subject: str) -> str:
    """Submit a run and return its identifier."""

    async def submitted() -> str:
        run = await start(runtime.run_service(runtime.connect(settings)), FAN, request, subject=subject)
        return run.identifier

    return asyncio.run(submitted())


def cancel(settings: Settings, identifier: str) -> None:
    """Cancel a run."""

    async def cancelled() -> None:
        await runtime.run_service(runtime.connect(settings)).cancel(identifier)

    asyncio.run(cancelled())


def delete(settings: Settings, identifier: str) -> None:
    """Delete a video."""

    async def deleted() -> None:
        environment = runtime.connect(settings)
        await Deletion(environment, runtime.open_redis(settings)).delete(identifier)

    asyncio.run(deleted())
