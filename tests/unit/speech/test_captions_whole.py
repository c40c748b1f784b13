"""Nothing that captions say is lost, doubled or moved, in whatever script and however they scroll."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moments_ray.speech.captions import read_captions
from moments_ray.speech.health import check
from tests.unit.speech.caption_reading import read
from tests.unit.speech.caption_talk import TALK, Line, clock, srt, text_of, vtt, words
from tests.unit.speech.caption_texts import TEXTS

LONG = {
    "Thai": TEXTS["th"].replace(" ", "") * 4,
    "Lao": "ເຂົ້າຈີ່ທີ່ດີຕ້ອງການພຽງແຕ່ສີ່ຢ່າງແລະໜຶ່ງໃນນັ້ນແມ່ນເວລາ" * 5,
    "Khmer": "នំប៉័ងល្អត្រូវការតែបួនយ៉ាងប៉ុណ្ណោះហើយមួយក្នុងចំណោមនោះគឺពេលវេលា" * 5,
    "Burmese": "ကောင်းသောပေါင်မုန့်သည်အရာလေးခုသာလိုအပ်ပြီးတစ်ခုမှာအချိန်ဖြစ်သည်" * 5,
    "Chinese": "好的面包只需要四样东西其中之一就是时间大多数人都急着处理面团" * 8,
    "Japanese": "良いパンに必要なのは四つのものだけでそのうちの一つは時間です" * 8,
    "Javanese": "ꦧꦱꦗꦮꦲꦶꦏꦸꦧꦱꦏꦁꦢꦶꦒꦸꦤꦏꦏꦺ" * 16,
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG.keys())
def test_long_segments_without_spaces_keep_every_letter_and_fill_their_time(text: str) -> None:
    transcript = read(f"00:00:02,000 --> 00:00:30,000\n{text}\n")
    assert "".join(word.text for word in transcript.words) == text
    assert transcript.words[-1].end == pytest.approx(30.0, abs=0.1)
    assert max(word.end - word.start for word in transcript.words) < 5.0
    assert check(transcript, None).health["repairs"] == {}


def test_a_zero_width_space_parts_words() -> None:
    khmer = "នំប៉័ង\u200bល្អ\u200bត្រូវការ"
    assert [word.text for word in read(f"00:00:02,000 --> 00:00:06,000\n{khmer}\n").words] == khmer.split("\u200b")
    assert read("00:00:02,000 --> 00:00:06,000\nfour\u200bthings\n").text == "four things"


def test_automatic_captions_without_lengths_give_words_that_can_be_heard() -> None:
    events = [{"tStartMs": round(s * 1000), "segs": [{"utf8": t}]} for s, _, t in TALK]
    transcript = read(json.dumps({"events": events}))
    assert min(word.end - word.start for word in transcript.words) > 0.1


FAULTS = [
    "01_double_spaced_crcrlf.srt",
    "03_two_cues_one_time.vtt",
    "04_whisper_highlight_words.srt",
    "05_rollup_gaps.srt",
]
FAULTS += ["09_whisperx_word_without_time.json", "10_milliseconds.json"]


@pytest.mark.parametrize("name", FAULTS)
def test_files_that_were_misread_give_the_reference(faults: Path, name: str) -> None:
    right = read_captions((faults / "00_reference.srt").read_bytes())
    transcript = read_captions((faults / name).read_bytes())
    assert transcript.text == right.text
    assert all(abs(a.start - b.start) < 0.2 for a, b in zip(transcript.words, right.words, strict=True))


def test_a_dialogue_of_two_bakers_is_no_ass(faults: Path) -> None:
    right = read_captions((faults / "00_reference.srt").read_bytes()).text
    said = read_captions((faults / "07_line_begins_dialogue.srt").read_bytes()).text
    assert said == right.replace("Most people rush", "Dialogue: 2 bakers talk Most people rush")


def test_thai_segments_lose_nothing(faults: Path) -> None:
    data = (faults / "12_thai_segments_28s.srt").read_bytes()
    transcript = check(read_captions(data), None)
    shown = "".join(line for line in data.decode().splitlines() if line and not re.match(r"[\d:, >-]+$", line))
    assert "".join(word.text for word in transcript.words) == re.sub(r"\s", "", shown)
    assert transcript.words[-1].end == pytest.approx(224.0, abs=0.5)


SAID = st.lists(
    st.tuples(
        st.lists(
            st.sampled_from(["so", "this", "is", "how", "bread", "rises", "in", "a", "warm", "room", "then"]),
            min_size=1,
            max_size=9,
        ),
        st.floats(0.0, 4.0),
        st.floats(0.6, 5.0),
    ),
    min_size=1,
    max_size=12,
)
WRITERS: list[Callable[[list[Line]], str]] = [
    srt,
    vtt,
    lambda lines: srt(lines).replace("\n", "\n\n"),
    lambda lines: srt(lines).replace("\n", "\r\r\n"),
]


@settings(max_examples=80, deadline=None)
@given(SAID, st.integers(0, len(WRITERS) - 1))
def test_what_is_said_is_never_lost_doubled_or_moved_by_more_than_a_cue(
    said: list[tuple[list[str], float, float]], writer: int
) -> None:
    lines, at = [], 0.0
    for number, (spoken, gap, length) in enumerate(said):
        at += gap
        # A number ends each line, so that no two lines are alike: repeats are another test's.
        lines.append((round(at, 3), round(at + length, 3), " ".join([*spoken, f"line{number}"])))
        at += length
    transcript = read_captions(WRITERS[writer](lines).encode())
    assert transcript.text == text_of(lines)
    expected = iter(transcript.words)
    for start, end, text in lines:
        for word in text.split():
            found = next(expected)
            assert found.text == word
            assert start - 0.002 <= found.start <= found.end <= end + 0.002


@settings(max_examples=40, deadline=None)
@given(SAID, st.booleans())
def test_lines_that_scroll_are_said_once(said: list[tuple[list[str], float, float]], gaps: bool) -> None:
    lines = [
        (n * 3.0, n * 3.0 + (2.7 if gaps else 3.0), " ".join([*spoken, f"line{n}"]))
        for n, (spoken, _, _) in enumerate(said)
    ]
    shown = [
        (start, end, text if n == 0 else f"{lines[n - 1][2]}\n{text}") for n, (start, end, text) in enumerate(lines)
    ]
    if len(lines) < 4:
        return
    assert read(srt(shown)).text == text_of(lines)


def test_words_without_times_stand_between_their_neighbours() -> None:
    items = [{"word": w, "start": s, "end": e} for w, s, e in words()]
    for index in (0, 3, 4, len(items) - 1):
        items[index] = {"word": items[index]["word"]}
    transcript = read(json.dumps({"words": items}))
    assert transcript.text == text_of()
    for index in (0, 3, 4, len(items) - 1):
        assert abs(transcript.words[index].start - words()[index][1]) < 0.4
    assert all(a.end <= b.start + 1e-6 for a, b in zip(transcript.words, transcript.words[1:], strict=False))


def test_clocks_are_as_long_as_a_day() -> None:
    assert read(f"{clock(86_000)} --> {clock(86_004)}\nstill here\n").words[0].start == 86_000
