"""What a terminal shows of a run's stages."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from moments_ray.cli.bars import ShownStage, StageBars, seconds_taken
from moments_ray.moments.pipelines import MOMENTS
from moments_ray.moments.stage_titles import stage_title


class Clock:
    """Time that goes on when told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=120, legacy_windows=False)


def times(bars: StageBars) -> dict[str, str]:
    return {task.description: task.fields["time"] for task in bars._progress.tasks}


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_the_clock_of_a_stage_that_ended_stands_still(status: str) -> None:
    clock = Clock()
    bars = StageBars(["TRANSCRIPTION", "MOMENT_GENERATION"], terminal(), clock)
    bars.show({"TRANSCRIPTION": ShownStage("processing", None)}, {})
    clock.now += 2.34
    bars.show({"TRANSCRIPTION": ShownStage("processing", None)}, {})
    assert times(bars)["Transcribing"] == "2.3 s"
    bars.show({"TRANSCRIPTION": ShownStage(status, None)}, {})
    clock.now += 50
    bars.show({"TRANSCRIPTION": ShownStage(status, None)}, {})
    assert times(bars) == {"Transcribing": "2.3 s", "Finding moments": "", "Total": "52.3 s"}


def test_a_stage_that_ended_shows_its_own_seconds_and_the_total_goes_on() -> None:
    clock = Clock()
    bars = StageBars(["AUDIO_UPLOAD"], terminal(), clock)
    clock.now += 9.0
    bars.show({"AUDIO_UPLOAD": ShownStage("completed", 0.12)}, {})
    assert times(bars) == {"Storing the sound": "0.1 s", "Total": "9.0 s"}


def test_without_a_terminal_each_stage_is_a_line_in_words() -> None:
    written = io.StringIO()
    bars = StageBars(["MOMENT_GENERATION"], Console(file=written, width=120))
    bars.show({"MOMENT_GENERATION": ShownStage("processing", None)}, {})
    bars.show({"MOMENT_GENERATION": ShownStage("completed", 1.26, "Twelve proposals.")}, {})
    assert written.getvalue() == (
        "Finding moments: processing\nFinding moments: completed in 1.3 s\nTwelve proposals.\n"
    )


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.04, "0.0 s"), (12.34, "12.3 s"), (83.21, "1:23.2"), (3723.4, "1:02:03")]
)
def test_times_are_in_tenths_of_seconds(seconds: float, shown: str) -> None:
    assert seconds_taken(seconds) == shown


def test_every_stage_of_the_moments_pipeline_has_a_name_for_people() -> None:
    for name in MOMENTS.stage_names:
        assert stage_title(name) != name.replace("_", " ").capitalize()
        assert not stage_title(name).isupper()
