"""How a job stands: the words and the figure that callers are shown, from its run and what that run's journal says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from moments_ray.states import RunStatus, StageStatus
from moments_ray.video_jobs.options import JobStatus

if TYPE_CHECKING:
    from moments_ray.database.tables import Run

# How long stages take, roughly, of each other's time.
_SHARES = {
    "VIDEO_DOWNLOAD": 20.0,
    "AUDIO_EXTRACTION": 4.0,
    "AUDIO_UPLOAD": 1.0,
    "TRANSCRIPTION": 45.0,
    "AUDIO_ENCODING": 5.0,
    "ANALYSIS": 5.0,
    "CLIP_CHOICE": 5.0,
    "JOB_CLIP_EXTRACTION": 20.0,
}
_WHOLE = 100.0


def job_status(status: str, *, notified: bool) -> JobStatus:
    """Return the word for a run's status; a queued one is pending until workers are ``notified``."""
    match RunStatus(status):
        case RunStatus.QUEUED:
            return JobStatus.QUEUED if notified else JobStatus.PENDING
        case RunStatus.COMPLETED_WITH_ERRORS:
            return JobStatus.COMPLETED
        case other:
            return JobStatus(other.value)


def status_of(run: Run) -> JobStatus:
    """Return the word for where a run stands."""
    return job_status(run.status, notified=run.message_id is not None)


def progress_of(status: JobStatus, stages: Iterable[str], done: Mapping[str, float]) -> float:
    """Return how far a job is, 0 to 100, from how far each of its stages is, 0 to 1."""
    if status is JobStatus.COMPLETED:
        return _WHOLE
    shares = {name: _SHARES.get(name, 1.0) for name in stages}
    part = sum(share * min(max(done.get(name, 0.0), 0.0), 1.0) for name, share in shares.items())
    return min(round(_WHOLE * part / (sum(shares.values()) or 1.0), 1), 99.9)


class EventFold:
    """What a job's events say of it, one after another: its status, and a progress that never runs backwards."""

    def __init__(self, stages: Iterable[str]) -> None:
        self._stages = tuple(stages)
        self._done: dict[str, float] = {}
        self.status = JobStatus.PENDING
        self.stage: str | None = None
        self.progress = 0.0

    def take(self, event: str, data: Mapping[str, object]) -> None:
        """Take the next event in."""
        kind, _, what = event.partition(".")
        stage = data.get("stage")
        if kind == "run":
            self._take_run(what)
        elif kind in {"stage", "item"} and isinstance(stage, str):
            self.stage = stage
            if kind == "stage" and what in {StageStatus.COMPLETED, StageStatus.SKIPPED}:
                self._done[stage] = 1.0
        if self.status is not JobStatus.PROCESSING:
            self.stage = None
        self._advance()

    def reach(self, stage: str, fraction: float) -> bool:
        """Take in how far a stage is, 0 to 1; tell whether that is news."""
        before = self.progress
        self._done[stage] = max(self._done.get(stage, 0.0), min(fraction, 1.0))
        self._advance()
        return self.progress > before

    def _take_run(self, what: str) -> None:
        match what:
            case "queued" | "handed_back":
                if self.status.finished:  # it is retried, and what is done stays done
                    self._done = {stage: done for stage, done in self._done.items() if done == 1.0}
                    self.progress = 0.0
                self.status = JobStatus.QUEUED
            case "started":
                self.status = JobStatus.PROCESSING
            case "replaced":
                self.status = JobStatus.CANCELLED
            case _ if what in set(RunStatus):
                self.status = job_status(what, notified=True)

    def _advance(self) -> None:
        self.progress = max(self.progress, progress_of(self.status, self._stages, self._done))
