"""Where edges are placed around what is said."""

from __future__ import annotations

import pytest

from moments_ray.media.signals import Signals
from moments_ray.moments.finding.frames import FrameGrid
from moments_ray.moments.finding.moment import Step
from moments_ray.moments.finding.options import Bounds
from moments_ray.moments.finding.snap import EdgeContext, slivers, snap
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.speech.transcript import Transcript, Word

BOUNDS = Bounds(earliest=0.0, latest=30.0, shortest=0.0, longest=90.0)


def context(
    before: float, start: float, end: float, after: float, *, signals: Signals | None = None, fps: float | None = None
) -> EdgeContext:
    """Three sentences: one that ends at ``before``, one from ``start`` to ``end``, one that starts at ``after``."""
    middle = (start + end) / 2
    words = (
        Word(text="Before.", start=max(0.0, before - 1), end=before),
        Word(text="Wanted", start=start, end=middle),
        Word(text="words.", start=middle, end=end),
        Word(text="After.", start=after, end=after + 1),
    )
    timeline = Timeline.of(Transcript(engine="test", language=None, words=words, segments=()), 30.0)
    return EdgeContext(timeline, signals, FrameGrid(fps) if fps else None)


def measured(shots: tuple[float, ...] = (), quiet: tuple[float, ...] = (), loudness: float | None = None) -> Signals:
    """Loudness of -20 dB all along but for -60 dB in the tenths of a second around ``quiet``."""
    level = [-20.0] * 300 if loudness is not None or quiet else []
    for position in quiet:
        level[int(position * 10)] = -60.0
    return Signals(shots=shots, silences=(), loudness=tuple(level), motion=())


def last(steps: tuple[Step, ...]) -> tuple[float, float]:
    return steps[-1].start_time, steps[-1].end_time


def test_edges_go_into_the_pauses_and_no_further_than_lead_and_tail() -> None:
    assert last(snap(10.0, 20.0, context(5.0, 10.0, 20.0, 25.0), BOUNDS, spoken=True)) == (9.65, 20.45)


def test_a_short_pause_is_shared_with_the_neighbour() -> None:
    assert last(snap(10.0, 20.0, context(9.8, 10.0, 20.0, 20.4), BOUNDS, spoken=True)) == (9.9, 20.2)


def test_where_words_touch_the_edge_stays_between_them() -> None:
    assert snap(10.0, 20.0, context(10.0, 10.0, 20.0, 20.0, fps=24.0), BOUNDS, spoken=True) == ()


def test_edges_seek_the_quietest_part_of_the_pause() -> None:
    placed = snap(
        10.0, 20.0, context(5.0, 10.0, 20.0, 25.0, signals=measured(quiet=(9.83, 20.23))), BOUNDS, spoken=True
    )

    assert last(placed) == pytest.approx((9.85, 20.25))


def test_an_edge_moves_onto_a_cut_that_would_leave_a_sliver() -> None:
    placed = snap(10.0, 20.0, context(5.0, 10.0, 20.0, 25.0, signals=measured(shots=(9.9, 20.1))), BOUNDS, spoken=True)

    assert last(placed) == (9.9, 20.1)
    assert "sliver" in placed[-1].reason


def test_a_cut_behind_the_first_word_does_not_move_the_edge_into_it() -> None:
    heard = measured(shots=(10.1,))
    placed = snap(10.0, 20.0, context(5.0, 10.0, 20.0, 25.0, signals=heard), BOUNDS, spoken=True)

    assert last(placed)[0] == 9.65
    assert slivers(*last(placed), heard) == 1


@pytest.mark.parametrize("fps", [23.976, 24.0, 25.0, 29.97, 59.94])
def test_edges_end_on_frames(fps: float) -> None:
    start, end = last(snap(10.01, 20.02, context(5.0, 10.01, 20.02, 25.0, fps=fps), BOUNDS, spoken=True))

    assert abs(start * fps - round(start * fps)) < 1e-3
    assert abs(end * fps - round(end * fps)) < 1e-3


def test_given_frame_times_are_the_grid() -> None:
    free = context(5.0, 10.0, 20.0, 25.0)
    placed = snap(
        10.0, 20.0, EdgeContext(free.timeline, None, FrameGrid(times=(9.7, 9.95, 20.1, 20.3))), BOUNDS, spoken=True
    )

    assert last(placed) == (9.7, 20.3)


def test_lead_and_tail_are_given_back_where_the_moment_gets_too_long() -> None:
    placed = snap(10.0, 20.0, context(5.0, 10.0, 20.0, 25.0), BOUNDS._replace(longest=10.2), spoken=True)

    assert last(placed) == pytest.approx((9.8, 20.0))


def test_edges_stay_out_of_the_neighbours_room() -> None:
    bounds = BOUNDS._replace(earliest=9.9, latest=20.1)

    assert last(snap(10.0, 20.0, context(5.0, 10.0, 20.0, 25.0), bounds, spoken=True)) == pytest.approx((9.9, 20.1))


def test_every_move_says_why() -> None:
    placed = snap(
        10.0,
        20.0,
        context(5.0, 10.0, 20.0, 25.0, signals=measured(shots=(9.9,), quiet=(20.23,)), fps=25.0),
        BOUNDS,
        spoken=True,
    )

    assert [step.step for step in placed] == ["snap"] * len(placed)
    assert len({step.reason for step in placed}) == len(placed) >= 3
