"""The way every proposal goes, whoever made it: put right, thinned out, kept apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moments_ray.moments.finding.moment import Proposal, TimedProposal
from moments_ray.moments.finding.options import find_options
from moments_ray.moments.finding.select import Selection, select
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.speech.transcript import Transcript, Word

any_number = st.floats(allow_nan=True, allow_infinity=True)
any_proposal = st.one_of(
    st.builds(Proposal, first=st.integers(-5, 60), last=st.integers(-5, 60), title=st.text(), score=any_number),
    st.builds(TimedProposal, start_time=any_number, end_time=any_number, title=st.text(), score=any_number),
    st.builds(TimedProposal, start_time=st.floats(-9, 200), end_time=st.floats(-9, 200), title=st.text()),
)


@pytest.fixture(scope="module")
def timeline(talk: Transcript) -> Timeline:
    return Timeline.of(talk, 160.0)


def chosen(timeline: Timeline, *proposals: Proposal | TimedProposal, count: int = 5) -> Selection:
    return select(proposals, timeline, find_options(count=count, min_seconds=5, max_seconds=60))


@settings(max_examples=200, deadline=None)
@given(st.lists(any_proposal, max_size=25), st.integers(1, 6))
def test_what_comes_out_is_sorted_apart_inside_and_no_more_than_asked(
    timeline: Timeline, proposals: list[Proposal | TimedProposal], count: int
) -> None:
    spans = chosen(timeline, *proposals, count=count).spans

    assert len(spans) <= count
    assert all(0 <= span.start < span.end <= timeline.duration for span in spans)
    assert all(5 <= span.seconds <= 60 and 0 <= span.score <= 100 for span in spans)
    assert all(before.end <= after.start for before, after in pairwise(spans))


@pytest.mark.parametrize(
    ("start", "end", "fate"),
    [
        (math.nan, 20.0, "not_finite"),
        (10.0, math.inf, "not_finite"),
        (500.0, 600.0, "outside"),
        (-30.0, -10.0, "outside"),
        (20.0, 20.0, "empty"),
    ],
)
def test_times_that_cannot_be_are_refused_and_counted(timeline: Timeline, start: float, end: float, fate: str) -> None:
    selection = chosen(timeline, TimedProposal(start_time=start, end_time=end, title="A title"))

    assert selection.spans == ()
    assert selection.report[fate] == 1


@pytest.mark.parametrize(
    ("start", "end", "repair"),
    [(64.2, 34.0, "reversed"), (34_000.0, 64_200.0, "milliseconds"), (-5.0, 33.5, "clamped")],
)
def test_times_that_can_be_put_right_are(timeline: Timeline, start: float, end: float, repair: str) -> None:
    selection = chosen(timeline, TimedProposal(start_time=start, end_time=end, title="A title"))

    assert selection.report[repair] == 1
    assert selection.spans[0].end in {33.5, 64.2}


def test_clock_text_is_seconds() -> None:
    proposal = TimedProposal.model_validate({"start_time": "1:02.5", "end_time": "1:00:03", "title": "A title"})

    assert (proposal.start_time, proposal.end_time) == (62.5, 3603.0)


def test_times_become_the_nearest_sentences(timeline: Timeline) -> None:
    span = chosen(timeline, TimedProposal(start_time=35.0, end_time=63.0, title="A title")).spans[0]

    assert span.sentences == (7, 13)
    assert (span.start, span.end) == (timeline.starts[7], timeline.ends[13])


def test_sentence_numbers_are_put_in_order_and_in_range(timeline: Timeline) -> None:
    selection = chosen(timeline, Proposal(first=99, last=31, title="A title"))

    assert selection.report["reversed"] == selection.report["clamped"] == 1
    assert selection.spans[0].sentences == (31, 34)


def test_too_short_grows_and_too_long_keeps_its_end_by_whole_sentences(timeline: Timeline) -> None:
    selection = chosen(timeline, Proposal(first=0, last=0, title="Short"), Proposal(first=10, last=34, title="Long"))

    assert [span.sentences for span in selection.spans] == [(0, 1), (22, 34)]
    assert selection.report["fitted"] == 2
    assert selection.spans[0].steps[-1].step == "fit"


def test_a_sentence_longer_than_allowed_is_left_out(timeline: Timeline) -> None:
    selection = select(
        [Proposal(first=3, last=3, title="A title")], timeline, find_options(min_seconds=0.5, max_seconds=1)
    )

    assert selection.spans == ()
    assert selection.report["no_fitting_length"] == 1


def test_doubles_are_kept_once_and_the_better_one(timeline: Timeline) -> None:
    selection = chosen(
        timeline, *(Proposal(first=7, last=13, title=str(score), score=score) for score in (40.0, 60.0, 50.0))
    )

    assert [span.title for span in selection.spans] == ["60.0"]
    assert selection.report["duplicate"] == 2


def test_two_that_fit_beat_one_that_overlaps_both(timeline: Timeline) -> None:
    selection = chosen(
        timeline,
        Proposal(first=2, last=8, title="both", score=70),
        Proposal(first=0, last=4, title="left", score=60),
        Proposal(first=5, last=10, title="right", score=60),
    )

    assert [span.title for span in selection.spans] == ["left", "right"]


def test_one_asked_takes_the_best(timeline: Timeline) -> None:
    selection = chosen(
        timeline,
        Proposal(first=0, last=4, title="left", score=60),
        Proposal(first=5, last=10, title="right", score=61),
        count=1,
    )

    assert [span.title for span in selection.spans] == ["right"]


def test_the_very_same_words_are_taken_once(
    speak: Callable[[Sequence[str]], Transcript], subjects: tuple[tuple[str, ...], ...]
) -> None:
    transcript = speak([*subjects[0], *subjects[1], *subjects[0]])
    timeline = Timeline.of(transcript, transcript.words[-1].end)

    selection = chosen(timeline, *(Proposal(first=at, last=at + 6, title="", score=50) for at in (0, 7, 14)))

    assert [span.sentences for span in selection.spans] == [(0, 6), (7, 13)]
    assert selection.report["repetitive"] == 1


def test_ten_thousand_proposals_are_capped_to_the_best(timeline: Timeline) -> None:
    flood = [Proposal(first=at % 30, last=at % 30 + 3, title="", score=at / 100) for at in range(10_000)]

    selection = chosen(timeline, *flood)

    assert selection.report["over_cap"] == 9_000
    assert len(selection.spans) == 5
    assert min(span.score for span in selection.spans) > 90


def test_titles_and_reasons_lose_markup_and_control_characters(timeline: Timeline) -> None:
    proposal = Proposal(first=7, last=13, title="<b>Lava</b>\x00 & `ash`", reason="![x](javascript:y)\u202e")

    span = chosen(timeline, proposal).spans[0]

    assert span.title == "Lava & ash"
    assert "\u202e" not in span.reason
    assert "[" not in span.reason


def test_sentences_that_talk_over_each_other_are_not_parted() -> None:
    words = (
        Word(text="One", start=0.0, end=2.0),
        Word(text="long.", start=2.0, end=9.0),
        Word(text="Another", start=8.0, end=12.0),
        Word(text="one.", start=12.0, end=14.0),
        Word(text="Last.", start=15.0, end=20.0),
    )
    timeline = Timeline.of(Transcript(engine="test", language=None, words=words, segments=()), 20.0)

    span = chosen(timeline, Proposal(first=1, last=1, title="A title")).spans[0]

    assert (span.start, span.end) == (0.0, 14.0)
