"""How an ad and its stages stand in the words of the document: pure functions of what the runs say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from moments_ray.ads.options import JobStatus, StageName
from moments_ray.database.tables import RunStage
from moments_ray.states import RunStatus, StageStatus

STAGES: tuple[StageName, ...] = ("script_gen", "voice_gen", "video_gen", "compositing")
# The document's stages, each with the engine's that it stands for and their shares of it.
PARTS: Mapping[StageName, tuple[tuple[str, float], ...]] = {
    "script_gen": (("PRODUCT", 0.1), ("SCRIPT_GEN", 0.9)),
    "voice_gen": (("VOICE_GEN", 1.0),),
    "video_gen": (("VIDEO_GEN", 1.0),),
    "compositing": (("SCENE_RENDERING", 0.8), ("COMPOSITING", 0.2)),
}
_SHARES: Mapping[StageName, float] = {"script_gen": 0.10, "voice_gen": 0.15, "video_gen": 0.60, "compositing": 0.15}
_WORDS: Mapping[RunStatus, JobStatus] = {
    RunStatus.QUEUED: "pending",
    RunStatus.PROCESSING: "processing",
    RunStatus.COMPLETED: "completed",
    RunStatus.COMPLETED_WITH_ERRORS: "completed",
    RunStatus.FAILED: "failed",
    RunStatus.CANCELLED: "cancelled",
}


class StageState(NamedTuple):
    """How a stage of the document stands; progress from 0 to 100."""

    name: StageName
    status: JobStatus
    progress: int
    started_at: datetime | None
    completed_at: datetime | None


def job_status(run: RunStatus | None) -> JobStatus:
    """Return the document's word for how an ad stands, of its newest run; one without a run waits for it."""
    return "pending" if run is None else _WORDS[run]


def stage_states(stages: Mapping[str, RunStage], live: Mapping[str, float], *, finished: bool) -> list[StageState]:
    """Return how the four stages stand, of the engine's stages and how far they are (0 to 1).

    In a finished run nothing is under way any more: what was broken off waits for another one.
    """
    return [_state(name, stages, live, finished=finished) for name in STAGES]


def stage_of(engine_stage: str) -> StageName | None:
    """Return the document's stage that an engine's belongs to."""
    return next((name for name, parts in PARTS.items() if engine_stage in {part for part, _ in parts}), None)


def job_progress(states: list[StageState]) -> int:
    """Return how far an ad is, 0 to 100."""
    return round(sum(_SHARES[state.name] * state.progress for state in states))


def _state(name: StageName, stages: Mapping[str, RunStage], live: Mapping[str, float], *, finished: bool) -> StageState:
    parts = PARTS[name]
    begun = [stages[part] for part, _ in parts if part in stages]
    statuses = {StageStatus(stage.status) for stage in begun}
    whole = len(begun) == len(parts) and all(status.has_output for status in statuses)
    status: JobStatus = "pending"
    if whole:
        status = "completed"
    elif StageStatus.FAILED in statuses:
        status = "failed"
    elif StageStatus.CANCELLED in statuses:
        status = "cancelled"
    elif begun and not finished:
        status = "processing"
    done = sum(share * _fraction(stages.get(part), live.get(part, 0.0)) for part, share in parts)
    started = [stage.started_at for stage in begun if stage.started_at is not None]
    ended = [stage.completed_at for stage in begun if stage.completed_at is not None]
    return StageState(
        name,
        status,
        100 if whole else min(99, int(100 * done)),
        min(started) if started else None,
        max(ended) if whole and ended else None,
    )


def _fraction(stage: RunStage | None, live: float) -> float:
    if stage is None:
        return 0.0
    return 1.0 if StageStatus(stage.status).has_output else max(stage.progress, live)
