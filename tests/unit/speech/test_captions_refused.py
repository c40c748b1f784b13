"""What is no caption file, or a hostile one: refused in one sentence, and soon."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moments_ray.errors import TranscriptInvalid
from moments_ray.speech.captions import read_captions
from moments_ray.speech.captions.reader import LARGEST_BYTES
from moments_ray.speech.captions.timed_text import LONGEST_LINE

SRT = b"1\n00:00:01,000 --> 00:00:03,000\nHello there.\n\n2\n00:00:03,500 --> 00:00:05,000\nHow are\nyou?\n"
OURS = b'{"words": [{"text": "Hello", "start": 1.0, "end": 1.5}, {"text": "there.", "start": 1.5, "end": 3.0}]}'


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"   \n\n", "empty"),
        (b"\x00\x01\x02 not captions", "not captions we read"),
        (b"Just some prose.\nNothing more.", "not captions we read"),
        (b"1\n00:00:01,000 --> 00:00:zz,000\nHello\n", "Line 2"),
        (b"WEBVTT\n\n00:01.000 -->\nHello\n", "Line 3"),
        (b'{"words": [', "Line 1"),
        (b'{"events": 5}', "no transcript"),
        (b"[1, 2]", r"words\[0\]"),
        (b'{"words": [{"word": "a", "start": 1, "end": NaN}]}', "NaN"),
        (b'{"words": [{"word": "a", "start": 1, "end": 1e999}]}', r"words\[0\].end"),
        (b'{"words": [{"word": "a", "start": "soon", "end": 2}]}', r"words\[0\].start"),
        (b'{"words": [{"start": 1, "end": 2}]}', "no text"),
        (b'{"events": [{"tStartMs": true, "segs": [{"utf8": "a"}]}]}', r"events\[0\].tStartMs"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"words": [{"word": "a", "start": ' + b"9" * 5000 + b', "end": 2}]}', "out of range"),
        (b"1\n00:00:01,000 --> 00:00:02,000\n" + b"a" * (LONGEST_LINE + 1), "Line 3"),
        (b" " * (LARGEST_BYTES + 1), "bytes"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence_that_names_the_place(data: bytes, said: str) -> None:
    with pytest.raises(TranscriptInvalid, match=said) as refused:
        read_captions(data)
    assert "\n" not in str(refused.value)


def test_a_transcript_with_more_words_than_anybody_speaks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moments_ray.speech.captions.transcribe.MOST_WORDS", 4)
    with pytest.raises(TranscriptInvalid, match="more than 4 words"):
        read_captions(SRT)
    monkeypatch.setattr("moments_ray.speech.captions.transcribe.MOST_WORDS", 1)
    with pytest.raises(TranscriptInvalid, match="more than 1 cues"):
        read_captions(SRT)
    monkeypatch.setattr("moments_ray.speech.captions.json_formats.MOST_WORDS", 1)
    with pytest.raises(TranscriptInvalid, match="more than 1 words"):
        read_captions(OURS)


@pytest.mark.parametrize(
    "filler", ["\n", " \n", "-\n", "- ", "(", "[", "<", "&amp;", "A: ", ">> ", "{\\", "1\n", "\u202e", "(a)", "A: b\n"]
)
@pytest.mark.timeout(60)  # seconds for what is linear; a square of it takes an hour
def test_a_hostile_cue_is_read_in_linear_time(filler: str) -> None:
    cue = "00:00:01,000 --> 00:00:02,000\n" + filler * 40_000
    assert read_captions(cue.encode()).engine == "captions"


@given(st.binary(max_size=400))
def test_any_bytes_give_a_transcript_or_a_clear_refusal(data: bytes) -> None:
    for prefix in (b"", b"WEBVTT\n\n00:01.000 --> 00:02.000\n", b"00:01.000 --> 00:02.000\n", b"[Script Info]\n", b"{"):
        try:
            transcript = read_captions(prefix + data)
        except TranscriptInvalid:
            continue
        transcript.model_dump_json().encode()
