"""Starting runs in tests."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from moments_ray.database.tables import Run
from moments_ray.engine import Pipeline
from moments_ray.engine.runs.service import RunOrder, RunService


async def submit(
    service: RunService, pipeline: Pipeline, request: BaseModel, *, subject: str | None = None, **order: Any
) -> Run:
    """Start a run; the pipelines of the tests take its subject from their request."""
    if subject is not None:
        request = request.model_copy(update={"subject": subject})
    return (await service.start(pipeline, request, RunOrder(**order))).run
