"""Moments where nobody speaks, and the figures every set of moments is measured by."""

from __future__ import annotations

from moments_ray.media.signals import Signals
from moments_ray.moments.finding.find import find_moments
from moments_ray.moments.finding.frames import FrameGrid
from moments_ray.moments.finding.moment import Moment
from moments_ray.moments.finding.options import find_options
from moments_ray.moments.finding.quality import measure
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.speech.transcript import Transcript, Word

SILENT = Transcript(engine="test", language=None, words=(), segments=())
LIVELY = Signals(
    shots=(20.0, 40.0, 60.0, 80.0),
    silences=(),
    loudness=(-50.0,) * 400 + (-15.0,) * 200 + (-50.0,) * 400,
    motion=(0.02,) * 40 + (0.4,) * 20 + (0.02,) * 40,
)


def test_the_liveliest_stretch_is_found_from_cut_to_cut() -> None:
    found = find_moments(SILENT, LIVELY, 100.0, find_options(count=1), FrameGrid(25.0))

    assert found.basis == "signals"
    assert (found.moments[0].start_time, found.moments[0].end_time) == (40.0, 60.0)
    assert found.moments[0].title == "Action at 0:40"
    assert "more motion, more sound" in found.moments[0].reason


def test_a_picture_in_which_nothing_changes_gives_nothing() -> None:
    still = Signals(shots=(), silences=((0.0, 100.0),), loudness=(-70.0,) * 1000, motion=(0.0,) * 100)

    assert find_moments(SILENT, still, 100.0, find_options()).moments == ()


def test_motion_without_sound_is_enough() -> None:
    mute = LIVELY.model_copy(update={"loudness": (), "shots": ()})

    found = find_moments(SILENT, mute, 100.0, find_options(count=1))

    assert found.moments[0].start_time <= 45
    assert found.moments[0].end_time >= 55


def test_a_cry_in_the_action_is_not_cut_into() -> None:
    cry = Transcript(engine="test", language=None, words=(Word(text="Run!", start=39.5, end=40.6),), segments=())

    found = find_moments(cry, LIVELY, 100.0, find_options(count=1), FrameGrid(25.0))

    assert found.moments
    assert found.quality.cuts_in_word == 0


def test_loud_sentences_outrank_quiet_ones(talk: Transcript) -> None:
    def loudest_from(start: int) -> float:
        loudness = [-40.0] * 1600
        loudness[start * 10 : (start + 32) * 10] = [-12.0] * 320
        measured = Signals(shots=(), silences=(), loudness=tuple(loudness), motion=())
        return find_moments(talk, measured, 160.0, find_options(count=1)).moments[0].start_time

    assert 60 < loudest_from(64) < 97
    assert 95 < loudest_from(96) < 129


def test_quality_counts_what_is_wrong() -> None:
    words = tuple(Word(text=f"Word{at}.", start=at * 2.0, end=at * 2.0 + 1.0) for at in range(10))
    timeline = Timeline.of(Transcript(engine="test", language=None, words=words, segments=()), 20.0)
    measured = Signals(shots=(2.3,), silences=(), loudness=(), motion=())
    moments = [
        Moment(title="On edges", start_time=1.9, end_time=5.0, score=1, reason=""),
        Moment(title="In words", start_time=4.5, end_time=8.5, score=1, reason=""),
    ]

    quality = measure(moments, timeline, measured, asked=3)

    assert quality.model_dump() == {
        "cuts_in_word": 2,
        "ends_on_sentence": 0.5,
        "slivers": 1,
        "overlap": 0.5,
        "asked": 3,
        "found": 2,
        "filled": 0,
        "punctuated": True,
        "shortfall": None,
    }
