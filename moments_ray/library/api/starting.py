"""What routes that start work share."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Response

from moments_ray.http.dependencies import Parts
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


async def _library(parts: Parts) -> LibraryService:
    environment = parts.environment
    return LibraryService(environment, parts.desk, ModelRegistry(environment.database, parts.redis))


Library = Annotated[LibraryService, Depends(_library)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,255}$",
        description="the same key again gives the same run and starts nothing",
    ),
]


def started(outcome: Started, response: Response) -> VideoStarted:
    """Answer 202 with where the run is; 200 where all that was asked for stands, and nothing was started."""
    response.status_code = 200 if outcome.known else 202
    if outcome.run is not None:
        response.headers["Location"] = f"/api/runs/{outcome.run.identifier}"
    run = RunView.of(outcome.run) if outcome.run is not None else None
    return VideoStarted(video=VideoView.of(outcome.video), run=run, reused=outcome.known)
