"""What routes that start work share."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Response

from moments_ray.http.dependencies import Dependencies
from moments_ray.http.problems import problems
from moments_ray.http.schemas.runs import RunView
from moments_ray.library.api.schemas import VideoStarted, VideoView
from moments_ray.library.service import LibraryService, Started
from moments_ray.models.registry import ModelRegistry

_LOCATION = {"Location": {"description": "the run", "schema": {"type": "string"}}}
STARTS = {
    200: {"model": VideoStarted, "description": "It stands, and nothing was started.", "headers": _LOCATION},
    202: {"model": VideoStarted, "description": "On its way.", "headers": _LOCATION},
    **problems(404, 409),
}


async def _library(dependencies: Dependencies) -> LibraryService:
    environment = dependencies.environment
    return LibraryService(
        environment,
        dependencies.run_service,
        ModelRegistry(environment.database, dependencies.redis, environment.settings),
    )


Library = Annotated[LibraryService, Depends(_library)]


def started(outcome: Started, response: Response) -> VideoStarted:
    """Answer 202 with where the run is; 200 where all that was asked for stands, and nothing was started."""
    response.status_code = 200 if outcome.known else 202
    if outcome.run is not None:
        response.headers["Location"] = f"/api/runs/{outcome.run.identifier}"
    run = RunView.of(outcome.run) if outcome.run is not None else None
    return VideoStarted(video=VideoView.of(outcome.video), run=run, reused=outcome.known)
