from __future__ import annotations

import json
from pathlib import Path

import pytest

from moments_ray.speech.captions import read_captions
from moments_ray.speech.transcript import Transcript

SRT = "1\n00:00:01,000 --> 00:00:03,000\nHello there.\n\n2\n00:00:03,500 --> 00:00:05,000\nHow are\nyou?\n"

VTT = """WEBVTT
Kind: captions
Language: en-GB

STYLE
::cue { color: red }

NOTE a remark
over two lines

intro
00:01.000 --> 00:03.000 align:start position:0%
<v Anna>Hello <b>there</b>.</v>

00:03.500 --> 00:05.000
How are you?
"""

ROLLING = """WEBVTT
Kind: captions
Language: en

00:00:01.000 --> 00:00:03.000 align:start position:0%
\x20
so<00:00:01.400><c> this</c><00:00:01.800><c> is</c><00:00:02.000><c> it</c>

00:00:03.000 --> 00:00:03.010 align:start position:0%
so this is it
\x20

00:00:03.010 --> 00:00:05.000 align:start position:0%
so this is it
and<00:00:03.500><c> this</c><00:00:04.000><c> too</c>

00:00:05.000 --> 00:00:05.010 align:start position:0%
and this too
\x20
"""

ASS = """[Script Info]
ScriptType: v4.00+

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:03.50,0:00:05.00,Default,,0,0,0,,How are\\Nyou?
Comment: 0,0:00:00.00,0:00:09.00,Default,,0,0,0,,A remark
Dialogue: 0,0:00:01.00,0:00:03.00,Default,,0,0,0,,{\\i1}Hello{\\i0} there.
Dialogue: 0,0:00:01.00,0:00:03.00,Default,,0,0,0,,{\\p1}m 0 0 l 100 0{\\p0}
"""

JSON3 = json.dumps(
    {
        "events": [
            {"tStartMs": 0, "dDurationMs": 9000, "id": 1},
            {
                "tStartMs": 1000,
                "dDurationMs": 3000,
                "segs": [{"utf8": "Hello"}, {"utf8": " the", "tOffsetMs": 400}, {"utf8": "re.", "tOffsetMs": 600}],
            },
            {"tStartMs": 3400, "aAppend": 1, "segs": [{"utf8": "\n"}]},
            {"tStartMs": 3500, "dDurationMs": 1500, "segs": [{"utf8": "How are you?", "tOffsetMs": 0}]},
        ]
    }
)

OURS = json.dumps(
    {
        "engine": "parakeet",
        "language": "en",
        "words": [{"text": "Hello", "start": 1.0, "end": 1.5}, {"text": "there.", "start": 1.5, "end": 3.0}],
        "segments": [{"text": "Hello there.", "start": 1.0, "end": 3.0}],
        "words_estimated": False,
        "health": {"verdict": "good"},
    }
)


def read(text: str) -> Transcript:
    return read_captions(text.encode())


@pytest.mark.parametrize("text", [SRT, VTT, ASS, JSON3], ids=["srt", "vtt", "ass", "json3"])
def test_every_format_gives_the_same_words_and_cues(text: str) -> None:
    transcript = read(text)

    assert transcript.text == "Hello there. How are you?"
    assert [segment.text for segment in transcript.segments] == ["Hello there.", "How are you?"]
    assert transcript.words[0].start == 1.0
    assert transcript.words[2].start == 3.5
    assert transcript.words[-1].end <= 5.0
    assert transcript.engine == "captions"


def test_words_are_spread_over_their_cue_by_length_and_marked_as_estimated() -> None:
    transcript = read(SRT)
    hello, there = transcript.words[:2]
    assert transcript.words_estimated
    assert hello.end == there.start
    assert there.end - there.start > hello.end - hello.start
    assert there.end <= 3.0


def test_a_word_does_not_last_as_long_as_its_caption_stays_on_screen() -> None:
    assert read("00:00:01,000 --> 00:00:09,000\nYes.\n").words[0].end < 2.0


def test_word_offsets_of_json3_are_kept_and_pieces_of_one_word_joined() -> None:
    transcript = read(JSON3)
    assert not transcript.words_estimated
    assert [(word.text, word.start) for word in transcript.words[:2]] == [("Hello", 1.0), ("there.", 1.4)]


def test_words_of_json3_end_at_the_next_word_unless_a_silence_follows() -> None:
    first, second = read(JSON3).words[:2]
    assert first.end == second.start
    assert second.end < 3.0


def test_scrolling_automatic_captions_are_taken_once_with_their_inline_times() -> None:
    transcript = read(ROLLING)
    assert transcript.text == "so this is it and this too"
    assert [word.start for word in transcript.words] == [1.0, 1.4, 1.8, 2.0, 3.01, 3.5, 4.0]
    assert [segment.text for segment in transcript.segments] == ["so this is it", "and this too"]
    assert not transcript.words_estimated
    assert transcript.language == "en"


def test_rolled_up_lines_without_inline_times_are_taken_once() -> None:
    rolled = ["one two", "one two\nthree four", "three four\nfive six", "five six\nseven"]
    cues = [f"{i}\n00:00:0{i},000 --> 00:00:0{i + 1},000\n{text}\n\n" for i, text in enumerate(rolled)]
    assert read("".join(cues)).text == "one two three four five six seven"


def test_somebody_who_says_yes_twice_said_it_twice() -> None:
    cues = ["Yes.", "Yes.", "So what do you", "want to do", "on a day like", "this one?"]
    text = "".join(f"00:00:0{i},000 --> 00:00:0{i + 1},000\n{cue}\n\n" for i, cue in enumerate(cues))
    assert read(text).text == "Yes. Yes. So what do you want to do on a day like this one?"


def test_the_language_asked_for_overrides_the_files() -> None:
    assert read(VTT).language == "en-GB"
    assert read_captions(VTT.encode(), language="de").language == "de"


def test_our_own_json_comes_back_as_it_was_without_its_old_health() -> None:
    transcript = read(OURS)
    assert transcript.health == {"format": "json", "encoding": "utf-8"}
    assert transcript == Transcript.model_validate_json(OURS).model_copy(update={"health": transcript.health})
    assert read(transcript.model_dump_json()) == transcript


@pytest.mark.parametrize(
    "document",
    [
        {"transcription": "Hello there.", "word_timestamps": [{"word": "Hello", "start": 1, "end": 1.5}]},
        {"alignment": [{"word": "Hello", "start": 1, "end": 1.5}], "segments": []},
        {"segments": [{"text": "Hello", "start": 1, "end": 2, "words": [{"word": "Hello", "start": 1, "end": 1.5}]}]},
        [{"word": "Hello", "start": 1, "end": 1.5}],
    ],
)
def test_the_answers_of_recognisers_are_read(document: object) -> None:
    (word,) = read(json.dumps(document)).words
    assert (word.text, word.start, word.end) == ("Hello", 1.0, 1.5)


def test_a_bare_list_of_segments_is_read_as_cues() -> None:
    transcript = read('[{"text": "Hello there.", "start": 1, "end": 2}, {"text": "Yes.", "start": 3, "end": 4}]')
    assert transcript.text == "Hello there. Yes."
    assert transcript.words_estimated


def test_an_answer_without_words_is_an_empty_transcript_not_an_error() -> None:
    assert read('{"transcription": "", "word_timestamps": [], "segment_timestamps": []}').words == ()
    assert read("WEBVTT\n").words == ()


@pytest.mark.parametrize("ending", ["\r\n", "\r", "\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_line_ends_and_encodings_make_no_difference(ending: str, encoding: str) -> None:
    text = SRT.replace("Hello", "Café «déjà»").replace("\n", ending)
    assert read_captions(text.encode(encoding)).text == "Café «déjà» there. How are you?"


def test_loose_srt_is_read_as_players_read_it() -> None:
    loose = "1\n0:00:01.5 --> 0:00:02 X1:40 Y1:20\nHello\n\nafter a blank line\n2\n00:03,250 --> 00:04,000\n1968\n\n"
    transcript = read(loose)
    assert transcript.text == "Hello after a blank line 1968"
    assert transcript.words[0].start == 1.5


def test_cues_out_of_order_are_sorted_and_overlaps_are_shared_out() -> None:
    transcript = read("00:00:05,000 --> 00:00:06,000\nsecond\n\n00:00:01,000 --> 00:00:09,000\nfirst thing said\n")
    assert transcript.text == "first thing said second"
    assert transcript.words[2].end <= 5.0


FORMATS = ["srt", "vtt", "json3", "words.json", "json"]


@pytest.mark.parametrize("ending", FORMATS)
def test_every_published_transcript_is_read(shared_media: Path, ending: str) -> None:
    files = [file for file in sorted(shared_media.glob("*/*")) if file.name.endswith(ending)]
    for file in files:
        transcript = read_captions(file.read_bytes())
        assert len(transcript.words) > 20, file.name
        assert transcript.segments, file.name
    assert files


def test_names_of_speakers_are_not_spoken(shared_media: Path) -> None:
    transcript = read_captions((shared_media / "transcripts" / "btc_burying_soft_forks.srt").read_bytes())
    assert transcript.text.startswith("Live from Utrecht, this is Bitcoin Explained.")
    assert "Wirdum:" not in transcript.text


def test_names_before_words_become_speakers_of_segments_and_are_not_spoken() -> None:
    lines = ["Ann: Hello there.", "How are you?", "Bob: Fine.", "Ann: Good.", "Bob: And you?", "Ann: Well.", "Bob: Ah."]
    cues = [f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{line}\n" for n, line in enumerate(lines, start=1)]
    transcript = read_captions("\n".join(cues).encode())
    assert [segment.speaker for segment in transcript.segments] == ["Ann", None, "Bob", "Ann", "Bob", "Ann", "Bob"]
    assert "Ann" not in transcript.text


def test_speakers_of_our_own_json_are_read() -> None:
    words = [{"word": "Hello", "start": 0.0, "end": 0.5}]
    segments = [{"text": "Hello", "start": 0.0, "end": 0.5, "speaker": "SPEAKER_01"}]
    transcript = read_captions(json.dumps({"word_timestamps": words, "segment_timestamps": segments}).encode())
    assert transcript.segments[0].speaker == "SPEAKER_01"
