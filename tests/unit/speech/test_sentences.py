from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moments_ray.speech.scripts import split_words
from moments_ray.speech.sentences import LONGEST_SECONDS, MOST_WORDS, PAUSE_SECONDS, sentences
from moments_ray.speech.transcript import Segment, Transcript, Word


def spoken(text: str, pauses: dict[int, float] | None = None, word_seconds: float = 0.3) -> Transcript:
    """Say ``text`` at an even rate; ``pauses`` gives the seconds of silence after a word's index."""
    words = []
    clock = 0.0
    for index, word in enumerate(split_words(text)):
        words.append(Word(text=word, start=clock, end=clock + word_seconds))
        clock += word_seconds + (pauses or {}).get(index, 0.0)
    return transcript_of(words)


def transcript_of(words: Sequence[Word]) -> Transcript:
    return Transcript(engine="test", language=None, words=tuple(words), segments=())


def texts(transcript: Transcript) -> list[str]:
    return [sentence.text for sentence in sentences(transcript)]


def test_an_empty_transcript_has_no_sentences() -> None:
    assert sentences(transcript_of([])) == ()


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        ("It rained. We stayed! Why? Because.", ["It rained.", "We stayed!", "Why?", "Because."]),
        ("Pi is 3.14 or so. Right?", ["Pi is 3.14 or so.", "Right?"]),
        ("Dr. Smith met Mrs. J. Jones. They talked.", ["Dr. Smith met Mrs. J. Jones.", "They talked."]),
        ("Use fruit, e.g. Apples or pears. Good.", ["Use fruit, e.g. Apples or pears.", "Good."]),
        ("See No. 5 of the list. No. I will not.", ["See No. 5 of the list.", "No.", "I will not."]),
        ("1. Wash it. 2. Dry it.", ["1. Wash it.", "2. Dry it."]),
        ("That was in 1968. People argued.", ["That was in 1968.", "People argued."]),
        ('He said "stop." Then he left.', ['He said "stop."', "Then he left."]),
        ('"Really?" he asked. Yes.', ['"Really?" he asked.', "Yes."]),
        ("Well... maybe not. Well... Maybe.", ["Well... maybe not.", "Well...", "Maybe."]),
        ("The U.S. Army came. It left.", ["The U.S. Army came.", "It left."]),
    ],
)
def test_punctuation_ends_a_sentence_and_abbreviations_and_numbers_do_not(said: str, parts: list[str]) -> None:
    assert texts(spoken(said)) == parts


def test_a_pause_tells_an_abbreviation_at_the_end_from_one_in_the_middle() -> None:
    assert texts(spoken("We met at 9 a.m. Nobody spoke.", pauses={4: 0.5})) == ["We met at 9 a.m.", "Nobody spoke."]


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        ("我们去看电影吧。你好！天气好吗？", ["我们去看电影吧。", "你好！", "天气好吗？"]),
        ("「今日は。」明日も。", ["「今日は。」", "明日も。"]),
        ("كيف حالك؟ أنا بخير۔ شكرا", ["كيف حالك؟", "أنا بخير۔", "شكرا"]),
        ("यह पहला है। यह दूसरा है।", ["यह पहला है।", "यह दूसरा है।"]),
        ("Τι ώρα είναι. Πέντε.", ["Τι ώρα είναι.", "Πέντε."]),
    ],
)
def test_sentences_end_as_their_script_ends_them(said: str, parts: list[str]) -> None:
    assert texts(spoken(said)) == parts


def test_without_punctuation_a_pause_ends_a_sentence() -> None:
    speech = spoken("so that was it now for something else", pauses={3: PAUSE_SECONDS, 5: PAUSE_SECONDS - 0.1})
    assert texts(speech) == ["so that was it", "now for something else"]


def test_a_pause_inside_a_punctuated_sentence_does_not_end_it() -> None:
    assert texts(spoken("My fellow Americans, ask not. Ask.", pauses={2: 1.5})) == [
        "My fellow Americans, ask not.",
        "Ask.",
    ]


def test_a_long_sentence_is_parted_at_its_longest_pause_and_leaves_no_stub() -> None:
    speech = spoken(" ".join(["word"] * 33) + " end.", pauses={14: 0.5, 29: 0.2}, word_seconds=0.2)
    assert [(s.first_word, s.last_word) for s in sentences(speech)] == [(0, 14), (15, 33)]


def test_a_long_sentence_without_a_pause_is_parted_at_a_comma() -> None:
    said = " ".join(["word"] * 20) + " here, " + " ".join(["word"] * 18) + " end."
    assert [s.last_word for s in sentences(spoken(said, word_seconds=0.2))] == [20, 39]


def test_a_single_word_longer_than_the_limit_is_a_sentence() -> None:
    slow = [Word(text="ommm", start=0, end=LONGEST_SECONDS + 5), Word(text="next", start=18, end=19)]
    assert texts(transcript_of(slow)) == ["ommm", "next"]


def test_times_and_word_indexes_are_those_of_the_words() -> None:
    first, second = sentences(spoken("Good day. How are you?"))
    assert (first.index, first.start, first.first_word, first.last_word) == (0, 0.0, 0, 1)
    assert (second.index, second.first_word, second.last_word) == (1, 2, 4)
    assert second.start == pytest.approx(0.6)
    assert second.end == pytest.approx(1.5)


VOCABULARY = st.sampled_from(
    ["a", "b,", "c.", "D", "Dr.", "3.5", "1.", "好", "吗？", "…", "e.g.", '"x."', "U.S.", "?", "\u0964"]
)
TIMINGS = st.tuples(st.floats(0, 20), st.floats(0, 3))


@given(st.lists(st.tuples(VOCABULARY, TIMINGS), max_size=120))
def test_every_word_is_in_exactly_one_sentence_within_the_limits(script: list[tuple[str, tuple[float, float]]]) -> None:
    words: list[Word] = []
    clock = 0.0
    for text, (length, pause) in script:
        words.append(Word(text=text, start=clock, end=clock + length))
        clock += length + pause
    transcript = transcript_of(words)

    found = sentences(transcript)

    assert [index for s in found for index in range(s.first_word, s.last_word + 1)] == list(range(len(words)))
    assert [s.index for s in found] == list(range(len(found)))
    for s in found:
        alone = s.first_word == s.last_word
        assert alone or s.end - s.start <= LONGEST_SECONDS
        assert alone or weight(transcript.words[s.first_word : s.last_word + 1]) <= MOST_WORDS
    assert sentences(transcript) == found


def weight(words: Sequence[Word]) -> float:
    return sum(0.5 if word.text in ("好", "吗？") else 1.0 for word in words)


@given(st.lists(st.tuples(st.text(max_size=5), st.floats(allow_nan=False, allow_infinity=False)), max_size=60))
def test_words_that_nobody_checked_are_covered_too(script: list[tuple[str, float]]) -> None:
    found = sentences(transcript_of([Word(text=text, start=time, end=time) for text, time in script]))
    assert [index for s in found for index in range(s.first_word, s.last_word + 1)] == list(range(len(script)))


def test_an_hour_without_a_pause_or_a_stop_is_parted_in_linear_time() -> None:
    found = sentences(spoken("word " * 20_000, word_seconds=0.18))
    assert 20_000 / MOST_WORDS <= len(found) <= 1_000


def said_by(*parts: tuple[str | None, str]) -> Transcript:
    """Let speakers say texts in turn, a segment each."""
    words: list[Word] = []
    segments: list[Segment] = []
    for speaker, text in parts:
        start = len(words) * 0.4
        words += [
            Word(text=word, start=start + at * 0.4, end=start + at * 0.4 + 0.4) for at, word in enumerate(text.split())
        ]
        segments.append(Segment(text=text, start=start, end=words[-1].end, speaker=speaker))
    return Transcript(engine="test", language=None, words=tuple(words), segments=tuple(segments))


def test_a_sentence_has_its_speaker_and_a_segment_without_a_name_goes_on_with_the_one_before() -> None:
    parted = sentences(said_by(("Ann", "It rained."), (None, "We stayed."), ("Bob", "Why?"), (None, "Go on.")))
    assert [(part.speaker, part.text) for part in parted] == [
        ("Ann", "It rained."),
        ("Ann", "We stayed."),
        ("Bob", "Why?"),
        ("Bob", "Go on."),
    ]


def test_a_change_of_speaker_ends_a_sentence_that_was_left_unfinished() -> None:
    parted = sentences(said_by(("Ann", "what I meant was"), ("Bob", "I know"), ("Bob", "what it was.")))
    assert [part.text for part in parted] == ["what I meant was", "I know what it was."]
    assert [part.ends_sentence for part in parted] == [False, True]


def test_a_piece_of_a_sentence_that_was_too_long_ends_none() -> None:
    parted = sentences(spoken("and " * 50 + "stop. We went home."))
    assert [part.ends_sentence for part in parted] == [False] * (len(parted) - 2) + [True, True]
    assert len(parted) >= 3


def test_without_punctuation_nobody_stops_on_a_word_that_leans_on_the_next() -> None:
    spoken = "we went to the [hesitates] market and bought bread [stops] then we walked home"
    clock, words = 0.0, []
    for word in spoken.split():
        if word.startswith("["):
            clock += 0.8
        else:
            words.append(Word(text=word, start=clock, end=clock + 0.25))
            clock += 0.3
    heard = Transcript(engine="test", language="en", words=tuple(words), segments=())
    assert [each.text for each in sentences(heard)] == [
        "we went to the market and bought bread",
        "then we walked home",
    ]


def test_what_nobody_punctuated_and_said_in_one_breath_is_parted_before_an_opening_word() -> None:
    said = "the people of the town had never seen such a storm in all of the years that it stood there so they left"
    words = [Word(text=word, start=n * 0.6, end=n * 0.6 + 0.58) for n, word in enumerate(said.split())]
    heard = Transcript(engine="test", language="en", words=tuple(words), segments=())
    ends = [each.text.split()[-1] for each in sentences(heard)]
    assert ends[0] == "there"
    assert not {"the", "of", "a", "it"} & set(ends)
