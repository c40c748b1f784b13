"""What the document calls the states of projects and renders: pure functions of what is stored once, in runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from moments_ray.editor.errors import ConsentRevoked
from moments_ray.editor.options import ProjectStatus, RenderStatus
from moments_ray.editor.pipelines import ANALYSES, RENDERS
from moments_ray.editor.stages.render import PIECES_STAGE
from moments_ray.errors import ItemsFailed
from moments_ray.states import RunStatus, VideoStatus

_SET_UP, _ANALYSIS, _COMPOSITION, _EXPORT, _POST = 5.0, 15.0, 25.0, 70.0, 85.0
_COMPOSED = 65.0


def project_status(
    video: VideoStatus, *, has_timeline: bool, pipeline: str | None, run: RunStatus | None
) -> ProjectStatus:
    """Return where a project stands, by its newest run."""
    if run in {RunStatus.QUEUED, RunStatus.PROCESSING}:
        return "rendering" if pipeline in RENDERS else "analyzing"
    if run is RunStatus.FAILED:
        return "failed"
    if run is RunStatus.COMPLETED and pipeline in RENDERS:
        return "rendered"
    if has_timeline or (run is RunStatus.COMPLETED and pipeline in ANALYSES):
        return "analyzed"
    return "ingested" if video is VideoStatus.READY else "new"


def render_status(run: RunStatus, stages: Sequence[str]) -> RenderStatus:
    """Return where a render stands; ``stages`` are those that began. Pollers stop on finished and failed alone."""
    match run:
        case RunStatus.QUEUED:
            return "queued"
        case RunStatus.PROCESSING:
            return "rendering" if stages else "started"
        case RunStatus.COMPLETED:
            return "finished"
        case _:
            return "failed"


def render_progress(run: RunStatus, stages: Sequence[str], pieces: tuple[int, int]) -> float:
    """Return percent: 5 set-up, 15 analysis, 25 to 65 composition by pieces, 70 joining, 85 publishing, 100."""
    if run is RunStatus.COMPLETED:
        return 100.0
    if "RENDER_PUBLISH" in stages:
        return _POST
    if "RENDER_ASSEMBLY" in stages:
        return _EXPORT
    if PIECES_STAGE in stages:
        done, total = pieces
        return round(_COMPOSITION + (_COMPOSED - _COMPOSITION) * done / max(1, total), 2)
    if "RENDER_SETUP" in stages or "TIMELINE" in stages:
        return _ANALYSIS
    return _SET_UP if stages else 0.0


def render_problem(
    run: RunStatus, error: Mapping[str, Any] | None, *, revoked: bool, piece: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """Return why a film did not come; None where it came, is on its way, or somebody stopped it.

    Taking consent back stops its run as anybody may, at once; what it was stopped for is told all the same. Where
    pieces failed, what the first ``piece`` failed with says more than that they did.
    """
    if run is RunStatus.CANCELLED and revoked:
        said = ConsentRevoked()
        return {"code": said.code, "message": said.message, "retryable": said.retryable, "detail": said.detail}
    if error is None:
        return None
    return {**error, **(piece or {})} if error.get("code") == ItemsFailed.code else dict(error)


def render_error(run: RunStatus, problem: Mapping[str, Any] | None) -> str | None:
    """Return the same in words, for pollers: they know no cancelled films."""
    if problem is not None:
        return f"{problem.get('code')}: {problem.get('message')}"
    return "cancelled" if run is RunStatus.CANCELLED else None


def render_logs(
    project: int, run: RunStatus, stages: Sequence[str], pieces: Sequence[tuple[str, bool]], url: str | None
) -> list[str]:
    """Return what a render did so far, a sentence a step; ``pieces`` are names and whether each was there already."""
    if not stages:
        return []
    logs = [f"Starting render for project {project}"]
    if PIECES_STAGE in stages:
        logs.append("Timeline ready; beginning composition")
    logs += [f"Processed segment {name}{' (reused)' if reused else ''}" for name, reused in pieces]
    if "RENDER_ASSEMBLY" in stages:
        logs.append("Writing video stream")
    if "RENDER_PUBLISH" in stages:
        logs.append("Applying watermark & metadata")
    if run is RunStatus.COMPLETED and url is not None:
        logs.append(f"Render complete -> {url}")
    return logs[-500:]
