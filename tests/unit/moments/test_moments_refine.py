"""A second look: bounded, never inside a word, and honest when nothing is better."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moments_ray.media.signals import Signals
from moments_ray.moments.finding.find import find_moments
from moments_ray.moments.finding.frames import FrameGrid
from moments_ray.moments.finding.moment import Moment
from moments_ray.moments.finding.options import Bounds, find_options
from moments_ray.moments.finding.refine import RefinementLimits, bound_move, refine
from moments_ray.moments.finding.snap import EdgeContext
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.speech.transcript import Transcript, Word

REACH = RefinementLimits(Bounds(earliest=0.0, latest=160.0, shortest=5.0, longest=90.0), max_move=4.0)


@pytest.fixture(scope="module")
def context(talk: Transcript) -> EdgeContext:
    return EdgeContext(Timeline.of(talk, 160.0), None, FrameGrid(25.0))


@pytest.fixture(scope="module")
def moment(talk: Transcript) -> Moment:
    return find_moments(talk, None, 160.0, find_options(count=5), FrameGrid(25.0)).moments[2]


def sentence(start: float, text: str) -> list[Word]:
    words = text.split()
    return [Word(text=word, start=start + at * 0.4, end=start + at * 0.4 + 0.4) for at, word in enumerate(words)]


def aligned(*sentences: list[Word]) -> Timeline:
    words = tuple(word for words in sentences for word in words)
    return Timeline.of(Transcript(engine="test", language=None, words=words, segments=()), 60.0)


@settings(max_examples=200, deadline=None)
@given(
    st.floats(allow_nan=True, allow_infinity=True) | st.floats(50, 110),
    st.floats(allow_nan=True, allow_infinity=True) | st.floats(50, 110),
)
def test_whatever_is_asked_the_move_is_short_and_ends_in_no_word(
    context: EdgeContext, moment: Moment, start: float, end: float
) -> None:
    refined = bound_move(moment, start, end, "asked", context=context, limits=REACH)

    assert abs(refined.start_time - moment.start_time) <= 4.0
    assert abs(refined.end_time - moment.end_time) <= 4.0
    assert 5.0 <= refined.end_time - refined.start_time <= 90.0
    assert context.timeline.gap_at(refined.start_time) is not None
    assert context.timeline.gap_at(refined.end_time) is not None
    assert refined.provenance[0].step == "refine"
    assert refined.moved == ((refined.start_time, refined.end_time) != (moment.start_time, moment.end_time))


def test_a_move_near_a_sentence_is_meant_for_it(context: EdgeContext, moment: Moment) -> None:
    wanted = float(context.timeline.starts[15]) + 0.5
    late = moment.model_copy(update={"start_time": wanted + 2.0})

    refined = bound_move(late, wanted, moment.end_time, "asked", context=context, limits=REACH)

    assert refined.moved
    assert context.timeline.is_on_sentence(refined.start_time, refined.end_time)
    assert 0 <= context.timeline.starts[15] - refined.start_time <= 0.35


@pytest.mark.parametrize("edges", [(math.nan, 90.0), (90.0, 64.0), (math.inf, -math.inf)])
def test_an_answer_that_makes_no_sense_leaves_the_moment_as_it_was(
    context: EdgeContext, moment: Moment, edges: tuple[float, float]
) -> None:
    short = RefinementLimits(REACH.bounds._replace(shortest=moment.seconds - 0.5), max_move=30.0)

    refined = bound_move(moment, *edges, "asked", context=context, limits=short)

    assert not refined.moved
    assert (refined.start_time, refined.end_time) == (moment.start_time, moment.end_time)


def test_an_opening_that_leans_on_what_went_before_is_left_for_one_that_stands() -> None:
    timeline = aligned(
        sentence(1.0, "Nobody knew what to do next."),
        sentence(7.5, "So yeah."),
        sentence(10.0, "Volcanoes grow where magma climbs through cracks."),
        sentence(14.0, "The magma carries gas under enormous pressure."),
        sentence(20.0, "Then we had lunch."),
    )
    moment = Moment(title="Magma", start_time=7.5, end_time=16.8, score=50, reason="")
    limits = RefinementLimits(Bounds(0.0, 60.0, 3.0, 60.0), max_move=4.0)

    refined = refine(moment, EdgeContext(timeline), limits)

    assert refined.start_time == pytest.approx(9.65)
    assert "stands alone" in refined.reason


def test_edges_that_are_best_stay_and_say_so(context: EdgeContext, moment: Moment) -> None:
    refined = refine(moment, context, REACH)

    assert not refined.moved
    assert refined.reason == "No better pause, cut or sentence within 4 s."


def test_a_refined_moment_is_not_refined_again_elsewhere(talk: Transcript) -> None:
    context = EdgeContext(Timeline.of(talk, 160.0), Signals(shots=(64.5, 96.3), silences=(), loudness=(), motion=()))
    for moment in find_moments(talk, None, 160.0, find_options(count=5)).moments:
        once = refine(moment, context, REACH)
        again = refine(
            moment.model_copy(update={"start_time": once.start_time, "end_time": once.end_time}), context, REACH
        )
        assert (again.start_time, again.end_time) == (once.start_time, once.end_time)


def test_without_words_an_edge_moves_onto_a_near_cut() -> None:
    silent = Timeline.of(Transcript(engine="test", language=None, words=(), segments=()), 60.0)
    context = EdgeContext(silent, Signals(shots=(12.0, 31.0), silences=(), loudness=(), motion=()))
    moment = Moment(title="Action at 0:10", start_time=10.5, end_time=30.0, score=50, reason="")

    refined = refine(moment, context, RefinementLimits(Bounds(0.0, 60.0, 5.0, 60.0), max_move=3.0))

    assert (refined.start_time, refined.end_time) == (12.0, 31.0)
