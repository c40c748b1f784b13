"""What the routes of jobs ask for by type."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from moments_ray.http.dependencies import Dependencies
from moments_ray.library.api.starting import Library
from moments_ray.video_jobs.service import JobsService


async def _jobs(dependencies: Dependencies, library: Library) -> JobsService:
    return JobsService(dependencies.environment, dependencies.redis, dependencies.run_service, library)


Service = Annotated[JobsService, Depends(_jobs)]
