"""The live status of ads in the words of the document: messages with ``job_id``, and the hash ``job:{id}``."""

from __future__ import annotations

from collections.abc import Mapping

from moments_ray.ads.options import StageName
from moments_ray.ads.status import PARTS, job_status, stage_of
from moments_ray.states import RunStatus, StageStatus


class AdWords:
    """What the document's clients of ads read."""

    def message(self, subject: str, news: Mapping[str, object]) -> Mapping[str, object]:
        """Return a message's fields: the ad, its stage and status in the document's words, progress from 0 to 100."""
        own: dict[str, object] = {"job_id": subject}
        if "status" in news:
            own["status"] = job_status(RunStatus(str(news["status"])))
        engine_stage = str(news.get("stage", ""))
        stage = stage_of(engine_stage)
        if stage is None:
            return own
        own["stage"] = stage
        if "progress" in news:
            own["progress"] = stage_percent(stage, engine_stage, float(str(news["progress"])))
        if "stage_status" in news:
            own["status"] = _stage_word(engine_stage, stage, StageStatus(str(news["stage_status"])))
        return own

    def status(self, subject: str, fields: Mapping[str, str]) -> tuple[str, Mapping[str, str]]:
        """Return the hash ``job:{id}``."""
        current = stage_of(fields.get("current_stage", ""))
        status = job_status(RunStatus(fields["status"]))
        shown = {"id": subject, "job_id": subject, "status": status, "stage": current or ""}
        return f"job:{subject}", {**shown, "error_message": fields.get("error", "")}


def stage_percent(stage: StageName, engine_stage: str, fraction: float) -> int:
    """Return how far a stage of the document is, 0 to 100, when one of the engine's is so far."""
    before = 0.0
    for name, share in PARTS[stage]:
        if name == engine_stage:
            return round(100 * (before + share * fraction))
        before += share
    return 0


def _stage_word(engine_stage: str, stage: StageName, status: StageStatus) -> str:
    """Return a stage's word; one whose first part is whole is under way."""
    if status is StageStatus.COMPLETED:
        return "completed" if PARTS[stage][-1][0] == engine_stage else "processing"
    return {
        StageStatus.PENDING: "pending",
        StageStatus.PROCESSING: "processing",
        StageStatus.SKIPPED: "completed",
        StageStatus.FAILED: "failed",
    }.get(status, job_status(RunStatus.CANCELLED))
