from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moments_ray.speech.captions import read_captions, write_srt, write_txt, write_vtt
from moments_ray.speech.captions.writer import LINE_COLUMNS, LINES, LONGEST_SECONDS
from moments_ray.speech.transcript import Transcript, Word

TALK = (
    "Good morning. Today we look at how a glacier moves, which is slower than you think, and faster than you hope! "
    "Does it slide? Mostly it flows."
)


def spoken(text: str, word_seconds: float = 0.3, gap: float = 0.0, language: str | None = None) -> Transcript:
    words = [
        Word(text=word, start=index * (word_seconds + gap), end=index * (word_seconds + gap) + word_seconds)
        for index, word in enumerate(text.split())
    ]
    return Transcript(engine="test", language=language, words=tuple(words), segments=())


def test_a_part_holds_what_is_on_screen_in_it_and_counts_from_its_start() -> None:
    talk = spoken("One two three. Four five six. Seven eight nine.", word_seconds=1.0)
    assert write_srt(talk, 2.0, 5.5) == (
        "1\n00:00:00,000 --> 00:00:01,000\nOne two three.\n\n2\n00:00:01,000 --> 00:00:03,500\nFour five six.\n\n"
    )
    assert write_vtt(talk, 6.0, 7.0) == "WEBVTT\n\n1\n00:00:00.000 --> 00:00:01.000\nSeven eight nine.\n\n"
    assert write_srt(talk, 9.0, 10.0) == ""


def test_srt_breaks_at_sentences_and_clauses_in_balanced_lines() -> None:
    assert write_srt(spoken(TALK)) == (
        "1\n00:00:00,000 --> 00:00:00,600\nGood morning.\n\n"
        "2\n00:00:00,600 --> 00:00:04,800\nToday we look at how a glacier moves,\nwhich is slower than you think,\n\n"
        "3\n00:00:04,800 --> 00:00:06,300\nand faster than you hope!\n\n"
        "4\n00:00:06,300 --> 00:00:07,200\nDoes it slide?\n\n"
        "5\n00:00:07,200 --> 00:00:08,100\nMostly it flows.\n\n"
    )


def test_vtt_names_the_language_and_escapes_what_would_be_markup() -> None:
    written = write_vtt(spoken("a <b> & --> c", language="en"))
    assert written == "WEBVTT\nLanguage: en\n\n1\n00:00:00.000 --> 00:00:01.500\na &lt;b&gt; &amp; --&gt; c\n\n"


def test_an_arrow_in_speech_cannot_pass_for_times() -> None:
    assert write_srt(spoken("1 --> 2")).count("-->") == 1


@pytest.mark.parametrize("write", [write_srt, write_vtt])
def test_what_other_formats_take_for_markup_is_shown_as_it_was_said(write: Callable[[Transcript], str]) -> None:
    shown = write(spoken(r"Open C:\new\home {\p1} {an aside}")).replace("\u2060", "")
    assert r"C:\new\home {\p1} {an aside}" in " ".join(shown.splitlines())


def test_text_begins_a_paragraph_after_two_seconds_of_silence() -> None:
    words = (*spoken("So it ends. It does.").words, Word(text="Next.", start=10.0, end=10.4))
    transcript = Transcript(engine="test", language=None, words=words, segments=())
    assert write_txt(transcript) == "So it ends. It does.\n\nNext.\n"


def test_nothing_said_is_an_empty_file() -> None:
    silent = spoken("")
    assert (write_srt(silent), write_vtt(silent), write_txt(silent)) == ("", "WEBVTT\n\n", "")


def test_a_caption_leaves_the_screen_after_seven_seconds_even_if_its_word_does_not_end() -> None:
    assert "--> 00:00:07,000" in write_srt(spoken("Ommm", word_seconds=30.0))


WORDS = st.lists(
    st.text(st.sampled_from("abcdefgh,.?!你好的é"), min_size=1, max_size=60).filter(lambda text: text[0].isalnum()),
    max_size=80,
)


@given(WORDS, st.floats(0.05, 3.0), st.floats(0.0, 2.0))
def test_written_subtitles_keep_the_limits_and_every_character(words: list[str], length: float, gap: float) -> None:
    transcript = spoken(" ".join(words), length, gap)
    cues = re.findall(r"(\S+) --> (\S+)\n((?:.+\n)+)", write_srt(transcript))
    ends = 0.0
    for start, end, text in cues:
        lines = text.splitlines()
        assert len(lines) <= LINES
        assert all(columns(line) <= LINE_COLUMNS for line in lines)
        assert ends <= seconds(start) < seconds(end) <= seconds(start) + LONGEST_SECONDS + 0.001
        ends = seconds(end)
    shown = "".join(text for _, _, text in cues)
    assert re.sub(r"\s", "", shown) == "".join(words)


def columns(line: str) -> int:
    return sum(2 if char in "你好的" else 1 for char in line)


def seconds(clock: str) -> float:
    hours, minutes, rest = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest.replace(",", "."))


@pytest.mark.parametrize("write", [write_srt, write_vtt])
def test_what_is_written_is_read_back(write: object) -> None:
    assert callable(write)
    transcript = read_captions(str(write(spoken(TALK))).encode())
    assert transcript.text == TALK
