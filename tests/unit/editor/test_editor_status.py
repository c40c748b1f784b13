"""What the document calls a state is a function of what runs say, over every status there is."""

from __future__ import annotations

import pytest

from moments_ray.editor.pipelines import ANALYSIS, RENDER
from moments_ray.editor.status import project_status, render_logs, render_progress, render_status
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
