"""What is told apart by looking: formats, speakers, credits, readings, what is no caption."""

from __future__ import annotations

import re

import pytest

from moments_ray.errors import TranscriptInvalid
from moments_ray.speech.captions import read_captions
from moments_ray.speech.health import check
from tests.unit.speech.caption_reading import notes, read
from tests.unit.speech.caption_talk import TALK, srt, text_of, vtt


@pytest.mark.parametrize(
    "line",
    [
        "Dialogue: 2 bakers talk",
        "--> so it goes",
        "Comment: it rose",
        "WEBVTT is a format",
        "NOTE the time",
        "{1}{2} of them",
    ],
)
def test_a_line_of_text_does_not_decide_the_format(line: str) -> None:
    talk = [*TALK[:2], (6.0, 8.9, f"{line}\n{TALK[2][2]}"), *TALK[3:]]
    spoken = text_of(talk).replace("\n", " ")
    for written in (srt(talk), vtt(talk)):
        assert read(written).text.replace(">", "") == spoken.replace(">", "")


def test_a_speaker_named_in_small_letters_is_kept_on_the_segment() -> None:
    talk = [(s, e, f"{'anna' if n % 3 else 'bob'}: {t}") for n, (s, e, t) in enumerate(TALK)]
    transcript = read(srt(talk))
    assert transcript.text == text_of()
    assert [segment.speaker for segment in transcript.segments][:3] == ["bob", "anna", "anna"]


def test_two_speakers_of_one_cue_have_a_segment_each() -> None:
    talk = [(s, e, f"- anna: {' '.join(t.split()[:2])}\n- bob: {' '.join(t.split()[2:])}") for s, e, t in TALK]
    transcript = read(srt(talk))
    assert transcript.text == text_of()
    assert [segment.speaker for segment in transcript.segments] == ["anna", "bob"] * len(TALK)
    assert transcript.segments[0].end <= transcript.segments[1].start


def test_a_word_before_a_colon_now_and_then_is_spoken() -> None:
    talk = [(s, e, f"note: {t}" if n < 3 else t) for n, (s, e, t) in enumerate(TALK * 8)]
    assert read(srt([(n * 3.0, n * 3.0 + 2.5, t) for n, (_, _, t) in enumerate(talk)])).text.startswith("note: Good")


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("漢字(かんじ)を読む", "漢字を読む"),
        ("漢字《かんじ》を読む", "漢字を読む"),
        ("<ruby>漢字<rt>かんじ</rt></ruby>を読む", "漢字を読む"),
        ("<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby>を読む", "漢を読む"),
        ("{y:i}in italics {c:$0000ff}and red", "in italics and red"),
        ("Thanks (to all of you)", "Thanks (to all of you)"),
    ],
)
def test_ruby_and_markup_are_no_speech(shown: str, said: str) -> None:
    assert read(f"00:00:02,000 --> 00:00:06,000\n{shown}\n").text == said


@pytest.mark.parametrize(
    "credit",
    [
        "Subtitles by Nobody",
        "Sync & corrections by nobody",
        "Translated by: A. Nobody\nEdited by B. Nobody",
        "Captioned by Nobody Media Access",
        "www.example-subs.com",
        "Untertitel: Niemand 2024",
        "Sous-titrage : Personne",
        "Transcribed by https://otter.ai",
        "Subtitles by the Amara.org community",
        "字幕：没有人",
    ],
)
def test_credits_are_no_speech(credit: str) -> None:
    transcript = read(srt([(0.0, 0.9, credit), *TALK, (28.0, 30.0, credit)]))
    assert transcript.text == text_of()
    assert "2 captions were left out" in notes(transcript)


@pytest.mark.parametrize(
    "said", ["It was translated by my mother.", "Subtitles help people.", "Timing is all.", "Edited by hand."]
)
def test_talk_about_subtitles_is_speech(said: str) -> None:
    assert said in read(srt([(0.0, 0.9, said), *TALK])).text


REFUSED: list[tuple[bytes, str]] = [
    (b"Scenarist_SCC V1.0\n\n00:00:01:00\t9420 9420\n", "Scenarist SCC"),
    (b"850STL25.01" + b" " * 200, "EBU STL"),
    (b"PG" + b"\x00" * 8 + b"\x16" + b"\x00" * 40, "PGS"),
    (b"# VobSub index file, v7\nsize: 720x576\n", "VobSub"),
    (b"\x00\x00\x01\xba\x44\x00", "VobSub"),
    (b"PK\x03\x04rest", "zip archive"),
    (b"%PDF-1.7\n", "PDF"),
    (b"\x1f\x8b\x08\x00", "gzip"),
    (b"\x1aE\xdf\xa3\x01", "Matroska"),
    (b"\x00\x00\x00\x20ftypisom", "MP4"),
    (b"{\\rtf1\\ansi text}", "RTF"),
    (b"<!DOCTYPE html><html><body>00:01</body></html>", "web page"),
    (b'File type = "ooTextFile"\nObject class = "TextGrid"\n', "TextGrid"),
    (b"{QTtext}{font:Tahoma}\n[00:00:01.000]\nHello\n", "QuickTime"),
    (b"#EXTM3U\n#EXTINF:6,\nseg1.vtt\n", "playlist"),
    (b"<fcpxml version='1.9'></fcpxml>", "XML of something else"),
    (b"<?xml version='1.0'?><note>hello</note>", "'note', not captions"),
    (b"<!DOCTYPE tt [<!ENTITY a 'b'>]><tt xmlns='http://www.w3.org/ns/ttml'/>", "document type|not captions"),
    (b'<?xml version="1.0"?><!DOCTYPE tt [<!ENTITY a "b">]><tt/>', "document type"),
    (b"<tt xmlns='http://www.w3.org/ns/ttml'><body><div><p>", "XML cannot be read"),
    (b'{"text": "Good bread needs time."}', "a text but no times"),
    (b'{"text": "Good bread", "words": [], "segments": []}', "a text but no times"),
    (b'{"words": [{"word": "Good"}, {"word": "bread"}]}', "have no times"),
    (b'{"name": "app", "version": 3}', "'name', 'version'"),
    (b'{"1": {"a": 2}}', "no transcript"),
    (b"{1}{1}never\n{30}{60}Hello\n", "MicroDVD|captions"),
]


@pytest.mark.parametrize(("data", "named"), REFUSED[:-1])
def test_what_is_not_read_is_named(data: bytes, named: str) -> None:
    with pytest.raises(TranscriptInvalid, match=named) as refused:
        read_captions(data)
    assert "\n" not in str(refused.value)
    assert "invalid JSON" not in str(refused.value)


@pytest.mark.parametrize(
    ("factor", "said"), [(12.0, r"0\.\d words a second"), (0.12, r"2\d\.\d words a second|1\d\.\d words a second")]
)
def test_times_that_nobody_speaks_at_are_suspect(factor: float, said: str) -> None:
    talk = [(s * factor, e * factor, t) for s, e, t in TALK]
    health = check(read(srt(talk)), None).health
    assert health["verdict"] == "suspect"
    assert re.search(said, str(health["warnings"]))


def test_frames_of_a_file_that_does_not_say_how_many_a_second_are_those_of_film_and_that_is_said() -> None:
    assert "23.976 were assumed" in notes(read("{24}{48}Hello there.\n{72}{96}How are you?\n"))
