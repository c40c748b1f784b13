"""Things stand on the report's time line where they are in the video."""

from __future__ import annotations

import math
import re

import pytest

from moments_ray.moments.report.document import Moment
from moments_ray.moments.report.timeline import block, ticks, waveform_path


def moment(start: float, end: float) -> Moment:
    return Moment(title="m", start_time=start, end_time=end)


def test_a_block_covers_its_share_of_the_line() -> None:
    assert (block(moment(30.0, 60.0), 120.0).left, block(moment(30.0, 60.0), 120.0).width) == (25.0, 25.0)
    assert block(moment(30.0, 60.0), 120.0).middle == 37.5


@pytest.mark.parametrize(("start", "end"), [(-5.0, 500.0), (110.0, 130.0), (200.0, 300.0)])
def test_a_block_never_leaves_the_line(start: float, end: float) -> None:
    placed = block(moment(start, end), 120.0)
    assert placed.left >= 0
    assert placed.width >= 0
    assert placed.left + placed.width <= 100


@pytest.mark.parametrize("duration", [0.04, 0.9, 7.0, 155.5, 336.0, 3600.0, 43_200.0, 1e6])
def test_ticks_are_few_and_begin_at_zero(duration: float) -> None:
    marks = ticks(duration)
    assert marks[0].label == "0:00"
    assert 1 <= len(marks) <= 7
    assert all(0 <= mark.left <= 100 for mark in marks)


def test_a_waveform_is_mirrored_and_as_high_as_its_loudest_level() -> None:
    points = [tuple(map(float, point)) for point in re.findall(r"([\d.]+),([\d.]+)", waveform_path([0.0, 0.25, 0.5]))]
    assert points == [(0, 49.5), (500, 26.0), (1000, 2.0), (1000, 98.0), (500, 74.0), (0, 50.5)]


def test_a_long_waveform_keeps_its_peaks() -> None:
    levels = [0.1] * 10_000
    levels[7_001] = 1.0
    path = waveform_path(levels)
    assert path.count(",") == 2 * 600
    assert ",2.0" in path


@pytest.mark.parametrize("levels", [[0.0, 0.0], [math.nan, math.inf, 0.5], [1.0]])
def test_odd_levels_still_draw(levels: list[float]) -> None:
    assert re.fullmatch(r"M[\d., L]+ Z", waveform_path(levels))


def test_no_levels_draw_nothing() -> None:
    assert waveform_path([]) == ""
