from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moments_ray.errors import TranscriptInvalid
from moments_ray.speech.health import LONGEST_WORD_SECONDS, SHORTEST_WORD_SECONDS, check
from moments_ray.speech.loops import find_loops
from moments_ray.speech.transcript import Segment, Transcript, Word

ENGLISH = "this is how people speak when nobody measures them and they have the whole day for it"
GERMAN = "so reden die Leute wenn niemand sie misst und sie den ganzen Tag dafür Zeit haben"


def heard(*words: tuple[str, float, float], language: str | None = "en", **fields: Any) -> Transcript:
    return Transcript(
        engine="test",
        language=language,
        words=tuple(Word(text=text, start=start, end=end) for text, start, end in words),
        segments=fields.pop("segments", ()),
        **fields,
    )


def said(text: str, language: str | None = "en", word_seconds: float = 0.3) -> Transcript:
    words = [(word, index * word_seconds, (index + 1) * word_seconds) for index, word in enumerate(text.split())]
    return heard(*words, language=language)


def times(transcript: Transcript) -> list[tuple[str, float, float]]:
    return [(word.text, round(word.start, 3), round(word.end, 3)) for word in transcript.words]


def test_sound_words_pass_unchanged() -> None:
    transcript = said(ENGLISH)
    checked = check(transcript, 6.0)
    assert checked.words == transcript.words
    assert checked.health["verdict"] == "good"
    assert checked.health["repairs"] == {}
    assert checked.health["words"] == 17
    assert checked.health["words_per_second"] == pytest.approx(3.33)
    assert checked.health["coverage"] == pytest.approx(0.85)


def test_nobody_spoke_is_a_result() -> None:
    checked = check(heard(segments=(Segment(text="hm", start=0, end=1),)), 10.0)
    assert checked.words == ()
    assert checked.segments == ()
    assert checked.health["verdict"] == "no_speech"
    assert checked.health["coverage"] == 0.0


@pytest.mark.parametrize(
    ("words", "mended", "repair"),
    [
        ([("a", 1.0, 2.0), ("b", 1.5, 3.0)], [("a", 1.0, 1.5), ("b", 1.5, 3.0)], "overlap"),
        ([("a", 1.0, 1.0)], [("a", 1.0, 1.02)], "too_short"),
        ([("a", 2.0, 1.0)], [("a", 1.0, 2.0)], "reversed"),
        ([("b", 5.0, 6.0), ("a", 1.0, 2.0)], [("a", 1.0, 2.0), ("b", 5.0, 6.0)], "out_of_order"),
        ([("a", 1.0, 1.2), ("b", 0.9, 1.4)], [("a", 1.0, 1.02), ("b", 1.02, 1.4)], "moved"),
        ([("a", -0.5, 0.5)], [("a", 0.0, 0.5)], "clamped"),
        ([("a", 9.5, 10.5)], [("a", 9.5, 10.0)], "clamped"),
        ([("a", 1.0, 2.0), ("b", 10.2, 11.0)], [("a", 1.0, 2.0)], "outside"),
        ([("a", 1.0, 9.0)], [("a", 1.0, 1.0 + LONGEST_WORD_SECONDS)], "too_long"),
        ([("  ", 1.0, 2.0), ("a", 3.0, 4.0)], [("a", 3.0, 4.0)], "empty"),
    ],
)
def test_each_flaw_is_mended_and_counted(
    words: list[tuple[str, float, float]], mended: list[tuple[str, float, float]], repair: str
) -> None:
    checked = check(heard(*words), 10.0)
    assert times(checked) == mended
    repairs = checked.health["repairs"]
    assert isinstance(repairs, dict)
    assert repairs[repair] == 1


def test_many_words_at_one_time_each_get_a_time_of_their_own() -> None:
    checked = check(heard(*[(letter, 9.99, 10.0) for letter in "abcde"]), 10.0)
    assert "".join(word.text for word in checked.words) == "abcde"
    assert checked.words[-1].end <= 10.0
    assert_apart(checked)


def test_captions_of_another_video_are_refused() -> None:
    with pytest.raises(TranscriptInvalid, match="11 of 17 words lie outside"):
        check(said(ENGLISH, word_seconds=2.0), 10.0)


def test_more_words_than_can_be_spoken_are_refused() -> None:
    with pytest.raises(TranscriptInvalid, match=r"Nobody speaks 170 words in 2\.0 s"):
        check(heard(*[("a", 0.5, 1.0)] * 170), 2.0)


def test_an_unknown_duration_bounds_nothing() -> None:
    checked = check(said(ENGLISH), None)
    assert checked.health["coverage"] is None
    assert checked.health["verdict"] == "good"


def test_segments_are_kept_inside_the_video_in_order() -> None:
    segments = (
        Segment(text="late", start=8, end=12),
        Segment(text="early", start=-1, end=2),
        Segment(text="never", start=11, end=12),
    )
    checked = check(heard(("a", 1, 2), segments=segments), 10.0)
    assert [(segment.text, segment.start, segment.end) for segment in checked.segments] == [
        ("early", 0, 2),
        ("late", 8, 10),
    ]


@pytest.mark.parametrize(
    ("text", "language"),
    [(ENGLISH, "en"), (GERMAN, "de"), ("我们今天晚上去看电影，你要不要一起来", "zh"), ("ok", None)],
)
def test_an_unknown_language_is_named_where_the_text_is_long_enough(text: str, language: str | None) -> None:
    assert check(said(text, language=None), None).language == language


def test_a_language_that_the_words_deny_is_kept_and_said() -> None:
    checked = check(said(GERMAN, language="en-GB"), None)
    assert checked.language == "en-GB"
    assert checked.health["verdict"] == "suspect"
    assert checked.health["warnings"] == ["the words look like de, not en-GB"]


def test_a_containers_way_to_write_a_language_is_understood() -> None:
    checked = check(said(ENGLISH, language="eng"), None)
    assert checked.language == "en"
    assert checked.health["warnings"] == []


def test_a_recogniser_going_round_in_circles_is_suspect() -> None:
    checked = check(said(ENGLISH + " thank you so much" * 5), None)
    assert checked.health["verdict"] == "suspect"
    assert checked.health["loops"] == [
        {"start": pytest.approx(5.1), "end": pytest.approx(11.1), "text": "thank you so much", "times": 5}
    ]


def test_a_phrase_said_over_and_over_is_kept_once_with_what_stands_around_it() -> None:
    looped = said(ENGLISH + " thank you so much" * 5 + " and good night")
    segments = (
        Segment(text=ENGLISH, start=0.0, end=5.1),
        Segment(text="thank you so much " * 3, start=5.1, end=8.7),
        Segment(text="thank you so much " * 2, start=8.7, end=11.1),
        Segment(text="and good night", start=11.1, end=12.0),
    )
    checked = check(looped.model_copy(update={"segments": segments}), None)
    assert checked.text == f"{ENGLISH} thank you so much and good night"
    assert [segment.text for segment in checked.segments] == [ENGLISH, "thank you so much", "and good night"]
    assert checked.words[-1].start == looped.words[-1].start
    assert checked.health["repairs"] == {"repeated": 16}


def test_captions_keep_their_repeats_and_say_so() -> None:
    chant = said(ENGLISH + " yes we can" * 6).model_copy(update={"engine": "captions"})
    checked = check(chant, None)
    assert len(checked.words) == len(chant.words)
    assert checked.health["loops"] != []


def test_too_fast_for_speech_is_suspect() -> None:
    warnings = check(said(ENGLISH * 5, word_seconds=0.05), None).health["warnings"]
    assert warnings == ["20.0 words a second is not how people speak"]


def test_a_refrain_or_a_stammer_is_not_a_loop() -> None:
    assert find_loops(said("no no no no I said no let it be let it be let it be").words) == []


def test_what_the_recogniser_noted_is_kept() -> None:
    assert check(heard(("a", 0, 1), health={"chosen": "why"}), 2.0).health["chosen"] == "why"


TIMES = st.floats(-5, 65)


@given(st.lists(st.tuples(TIMES, TIMES), max_size=60), st.sampled_from([60.0, 33.3, None]))
def test_checked_words_are_apart_in_order_and_in_range(
    spans: list[tuple[float, float]], duration: float | None
) -> None:
    transcript = heard(*[(str(index), start, end) for index, (start, end) in enumerate(spans)])
    try:
        checked = check(transcript, duration)
    except TranscriptInvalid:
        return
    assert_apart(checked)
    if duration and checked.words:
        assert checked.words[0].start >= 0
        assert checked.words[-1].end <= duration
    assert check(checked, duration).words == checked.words


def assert_apart(transcript: Transcript) -> None:
    assert all(word.end - word.start >= SHORTEST_WORD_SECONDS - 1e-9 for word in transcript.words)
    assert all(after.start >= before.end for before, after in itertools.pairwise(transcript.words))


def test_who_said_a_segment_is_kept() -> None:
    segments = (Segment(text="a", start=1, end=2, speaker="Ann"),)
    assert check(heard(("a", 1, 2), segments=segments), 10.0).segments[0].speaker == "Ann"
