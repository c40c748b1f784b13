"""What a run has by type: its request and what its stages gave; and the verdict that follows once all of them did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from moments_ray.engine.pipeline import Pipeline, values
from moments_ray.engine.queries.journal import Verdict
from moments_ray.engine.queries.journal_reader import StageRecord
from moments_ray.states import RunStatus, StageStatus


def given(
    pipeline: Pipeline, config: dict[str, Any], stages: Mapping[str, StageRecord]
) -> dict[type[BaseModel], BaseModel]:
    """Return by type what there is: the request, its parts, and what those stages gave that are completed."""
    found = dict(values(pipeline.takes.model_validate(config)))
    for earlier in pipeline.steps:
        row = stages.get(earlier.name)
        if row is not None and row.status == StageStatus.COMPLETED:
            found[earlier.gives] = earlier.gives.model_validate(row.output)
    return found


def completed(pipeline: Pipeline, config: dict[str, Any], stages: Mapping[str, StageRecord]) -> Verdict:
    """Return the verdict of a run each of whose stages has its output; items that failed make it one with errors."""
    errors = sum(len((stage.output or {}).get("failed", ())) for stage in stages.values())
    status = RunStatus.COMPLETED_WITH_ERRORS if errors else RunStatus.COMPLETED
    result = pipeline.result(given(pipeline, config, stages)) if pipeline.gives is not None else None
    document = None if result is None else result.model_dump(mode="json")
    return Verdict(status, f"run.{status}", {"errors": errors}, errors=errors, result=document, progress=1.0)
