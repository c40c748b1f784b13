"""What routes that start work share."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Response

from moments_ray.library.start import Started, Starter
from moments_ray.models.registry import ModelRegistry
from serve_app.parts import Parts
from serve_app.problems import problems
from serve_app.schemas.runs import RunView
from serve_app.schemas.starting import VideoStarted
from serve_app.schemas.videos import VideoView

_LOCATION = {"Location": {"description": "the run", "schema": {"type": "string"}}}
STARTS = {202: {"model": VideoStarted, "description": "On its way.", "headers": _LOCATION}, **problems(404, 409)}


async def _starter(parts: Parts) -> Starter:
    environment = parts.environment
    return Starter(environment, parts.desk, ModelRegistry(environment.database, parts.redis))


Starting = Annotated[Starter, Depends(_starter)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,255}$",
        description="the same key again gives the same run and starts nothing",
    ),
]


def started(outcome: Started, response: Response) -> VideoStarted:
    """Answer 202 with where the run is; 200 where the video was known and nothing was started."""
    response.status_code = 200 if outcome.known else 202
    if outcome.run is not None:
        response.headers["Location"] = f"/api/runs/{outcome.run.identifier}"
    run = RunView.of(outcome.run) if outcome.run is not None else None
    return VideoStarted(video=VideoView.of(outcome.video), run=run)
