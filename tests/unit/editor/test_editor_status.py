"""What the document calls a state is a function of what runs say, over every status there is."""

from __future__ import annotations

from typing import Any

import pytest

from moments_ray.editor.pipelines import ANALYSIS, RENDER
from moments_ray.editor.status import (
    project_status,
    render_error,
    render_logs,
    render_problem,
    render_progress,
    render_status,
)
from moments_ray.states import RunStatus, VideoStatus

STAGES = ["VIDEO_DOWNLOAD", "RENDER_SETUP", "RENDER_SEGMENTS", "RENDER_ASSEMBLY", "RENDER_PUBLISH"]


@pytest.mark.parametrize(
    ("run", "stages", "status"),
    [
        (RunStatus.QUEUED, [], "queued"),
        (RunStatus.PROCESSING, [], "started"),
        (RunStatus.PROCESSING, STAGES[:1], "rendering"),
        (RunStatus.COMPLETED, STAGES, "finished"),
        (RunStatus.COMPLETED_WITH_ERRORS, STAGES, "failed"),
        (RunStatus.FAILED, STAGES[:2], "failed"),
        (RunStatus.CANCELLED, STAGES[:2], "failed"),
    ],
)
def test_a_render_is_what_its_run_is(run: RunStatus, stages: list[str], status: str) -> None:
    assert render_status(run, stages) == status


LOST = {"code": "storage.not_found", "message": "Segment intro: it is gone.", "retryable": False}


@pytest.mark.parametrize(
    ("run", "error", "revoked", "code", "words"),
    [
        (RunStatus.PROCESSING, None, False, None, None),
        (RunStatus.COMPLETED, None, True, None, None),
        (RunStatus.CANCELLED, None, False, None, "cancelled"),
        (RunStatus.CANCELLED, None, True, "consent.revoked", "consent.revoked: Consent was taken back"),
        (RunStatus.FAILED, LOST, False, "storage.not_found", "storage.not_found: Segment intro: it is gone."),
        (RunStatus.FAILED, LOST, True, "storage.not_found", "storage.not_found: Segment intro: it is gone."),
    ],
)
def test_a_film_that_did_not_come_says_why(
    *, run: RunStatus, error: dict[str, Any] | None, revoked: bool, code: str | None, words: str | None
) -> None:
    problem = render_problem(run, error, revoked=revoked, piece=None)
    assert (problem or {}).get("code") == code
    told = render_error(run, problem)
    assert (told or "").startswith(words or "")
    assert (told is None) == (words is None)


def test_of_pieces_that_failed_the_first_says_why() -> None:
    many = {"code": "stage.items_failed", "message": "2 of 3 items failed.", "retryable": False, "detail": {}}
    problem = render_problem(RunStatus.FAILED, many, revoked=False, piece=LOST)
    assert render_error(RunStatus.FAILED, problem) == "storage.not_found: Segment intro: it is gone."
    other = {**many, "code": "run.timeout"}
    assert render_problem(RunStatus.FAILED, other, revoked=False, piece=LOST) == other


def test_progress_keeps_to_its_bands_and_never_falls() -> None:
    steps = [
        render_progress(RunStatus.QUEUED, [], (0, 0)),
        render_progress(RunStatus.PROCESSING, STAGES[:1], (0, 0)),
        render_progress(RunStatus.PROCESSING, STAGES[:2], (0, 0)),
        *(render_progress(RunStatus.PROCESSING, STAGES[:3], (done, 3)) for done in range(4)),
        render_progress(RunStatus.PROCESSING, STAGES[:4], (3, 3)),
        render_progress(RunStatus.PROCESSING, STAGES, (3, 3)),
        render_progress(RunStatus.COMPLETED, STAGES, (3, 3)),
    ]
    assert steps == [0, 5, 15, 25, 38.33, 51.67, 65, 70, 85, 100]


def test_logs_tell_the_steps_in_order() -> None:
    logs = render_logs(1, RunStatus.COMPLETED, STAGES, [("intro", False), ("outro", True)], "/media/final/a.mp4")
    assert logs == [
        "Starting render for project 1",
        "Timeline ready; beginning composition",
        "Processed segment intro",
        "Processed segment outro (reused)",
        "Writing video stream",
        "Applying watermark & metadata",
        "Render complete -> /media/final/a.mp4",
    ]
    assert render_logs(1, RunStatus.QUEUED, [], [], None) == []


@pytest.mark.parametrize(
    ("video", "has_timeline", "pipeline", "run", "status"),
    [
        (VideoStatus.PENDING, False, None, None, "new"),
        (VideoStatus.READY, False, None, None, "ingested"),
        (VideoStatus.PENDING, False, ANALYSIS.name, RunStatus.QUEUED, "analyzing"),
        (VideoStatus.READY, False, ANALYSIS.name, RunStatus.PROCESSING, "analyzing"),
        (VideoStatus.READY, True, ANALYSIS.name, RunStatus.COMPLETED, "analyzed"),
        (VideoStatus.READY, True, None, None, "analyzed"),
        (VideoStatus.READY, True, RENDER.name, RunStatus.PROCESSING, "rendering"),
        (VideoStatus.READY, True, RENDER.name, RunStatus.COMPLETED, "rendered"),
        (VideoStatus.READY, True, RENDER.name, RunStatus.FAILED, "failed"),
        (VideoStatus.READY, True, RENDER.name, RunStatus.CANCELLED, "analyzed"),
    ],
)
def test_a_project_stands_where_its_newest_run_does(
    video: VideoStatus, has_timeline: bool, pipeline: str | None, run: RunStatus | None, status: str
) -> None:
    assert project_status(video, has_timeline=has_timeline, pipeline=pipeline, run=run) == status
