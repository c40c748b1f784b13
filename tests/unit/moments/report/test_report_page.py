"""The report shows what happened, and asks nobody for anything."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

from moments_ray.speech.transcript import Transcript, Word
from tests.unit.moments.report.report_page import DOCUMENT, changed, render, spoken, with_moment


def test_chapters_and_replays_stand_on_the_time_line(directory: Path) -> None:
    known = {
        "chapters": [
            {"start_time": 0.0, "end_time": 30.0, "title": "Dough <b>"},
            {"start_time": 30.0, "end_time": 60.0, "title": "Oven"},
        ],
        "replays": [{"start_time": 12.0 * n, "end_time": 12.0 * (n + 1), "value": n / 4} for n in range(5)],
    }
    page = render(directory, DOCUMENT | {"video": DOCUMENT["video"] | known})
    assert [line["x1"] for line in page.all("line") if line.get("class") == "chapter"] == ["0.0%", "50.0%"]
    assert "Dough <b>" in page.text["li"]
    (shape,) = [path["d"] for path in page.all("path") if path["d"].startswith("M0,100")]
    assert shape.endswith("1000.0,4.0 L1000,100 Z")


def test_a_moment_is_shown_with_its_title_times_score_reason_and_trail(directory: Path) -> None:
    page = render(directory)
    assert page.text["h1"] == "A talk"
    assert page.text["h3"] == "The bridge began to twist"
    for words in (
        "0:06 – 0:30",
        "24.0 s",
        "Score 81",
        "It turns.",
        "refined",
        "snap",
        "6.00 – 30.00 s",
        "into the pause",
    ):
        assert words in page.text["article"]


def test_its_clip_plays_inline_from_beside_the_report(directory: Path) -> None:
    page = render(directory)
    (video,) = page.all("video")
    assert video["src"] == "clips/01-a%20b.mp4"
    assert (video["preload"], "controls" in video, video["data-start"]) == ("metadata", True, "5.5")
    assert video["poster"].startswith("data:image/jpeg;base64,")
    assert "2.5 MB" in page.text["article"]


def test_a_block_on_the_time_line_leads_to_the_moment_by_keyboard_and_by_name(directory: Path) -> None:
    page = render(directory)
    (link,) = page.all("a", class_="block tone0")
    assert link["href"] == "#moment-1"
    assert link["aria-label"] == "Moment 1: The bridge began to twist, 0:06 to 0:30"
    assert page.all("article", id="moment-1")
    assert {"10.0%"} == {rect["x"] for rect in page.all("rect") if "x" in rect}


def test_only_sentences_of_a_moment_lead_to_its_clip(directory: Path) -> None:
    page = render(directory)
    sentences = page.all("a", class_="sentence")
    in_card, in_transcript = sentences[: len(sentences) // 2], sentences[len(sentences) // 2 :]
    assert in_card == in_transcript
    assert [(each["data-moment"], each["data-start"], each["data-end"]) for each in in_card] == [
        ("1", "9.0", "17.0"),
        ("1", "18.0", "26.0"),
        ("1", "27.0", "32.0"),
    ]
    assert "Then the bridge began to twist." in page.text["article"]
    assert "Goodbye." not in page.text["article"]
    assert "Goodbye." in page.text["section"]


def test_quality_and_stages_are_told_in_words(directory: Path) -> None:
    said = " ".join(render(directory).text["section"].split())
    for words in ("0 cuts inside a word", "100 % begin and end on a sentence", "1 of 5 moments found", "speech basis"):
        assert words in said
    assert "Finding moments completed 2 1.2 s" in said
    assert "Storing clips skipped" in said


def test_nothing_found_is_said_plainly(directory: Path) -> None:
    page = render(directory, changed(moments=[]))
    assert "Nothing found. No part of what was said stood out" in " ".join(page.text["section"].split())
    assert not page.all("video")


def test_a_video_in_which_nobody_speaks_says_so(directory: Path) -> None:
    silent = Transcript(engine="captions", language=None, words=(), segments=())
    for transcript in (silent, None):
        page = render(directory, changed(moments=[]), transcript=transcript, waveform=None)
        assert "Nobody is heard speaking" in " ".join(page.text["section"].split())


def test_a_run_that_failed_first_does_not_claim_to_have_looked(directory: Path) -> None:
    failed = DOCUMENT["run"] | {"status": "failed"}
    errors = [
        {"code": "download.failed", "message": "The host is gone.", "stage": "VIDEO_DOWNLOAD", "item": None},
        "odd",
    ]
    page = render(directory, changed(moments=[], run=failed, errors=errors), transcript=None)
    said = " ".join(page.text["section"].split())
    assert "The run ended before moments could be looked for." in said
    assert "2 things went wrong The host is gone. download.failed · VIDEO_DOWNLOAD odd" in said


def test_a_moment_without_speech_and_clip_is_still_a_moment(directory: Path) -> None:
    page = render(directory, with_moment(clip=None, thumbnail=None, score=None, provenance=[]), transcript=None)
    assert "Nobody speaks here." in page.text["article"]
    assert "No clip was made of this moment." in page.text["article"]
    assert not page.all("details")


def test_estimated_word_times_are_owned_up_to(directory: Path) -> None:
    page = render(directory, transcript=spoken().model_copy(update={"words_estimated": True}))
    assert "Word times were spread over their captions, not heard." in page.text["section"]


def test_the_least_a_document_can_say_is_enough(directory: Path) -> None:
    page = render(directory, {"video": {}}, transcript=None, waveform=None)
    assert page.text["h1"] == "Untitled video"


def test_a_storyboard_is_inside_the_page(directory: Path) -> None:
    picture = directory / "thumbnails" / "01.jpg"
    page = render(directory, storyboard=[picture, picture])
    assert [image["x"] for image in page.all("image")] == ["0.0%", "50.0%"]
    assert all(image["href"].startswith("data:image/jpeg;base64,") for image in page.all("image"))


def many(count: int) -> dict[str, Any]:
    """Moments in ninety minutes, so close that they would lie on each other."""
    moments = [
        DOCUMENT["moments"][0]
        | {
            "title": f"Moment {n}",
            "start_time": n * 130.0,
            "end_time": n * 130.0 + 30,
            "reason": f"Opens where the subject changes; follows a pause of {n}.0 s.",
        }
        for n in range(count)
    ]
    return changed(moments=moments, video=DOCUMENT["video"] | {"duration": 5400.0})


def test_forty_moments_can_each_be_seen_and_chosen(directory: Path) -> None:
    page = render(directory, many(40))
    bars = page.all("rect", class_="bar")
    assert len(bars) == 40
    assert all(float(bar["width"].rstrip("%")) >= 100 * 6 / 700 - 0.001 for bar in bars)
    for row in {bar["y"] for bar in bars}:
        edges = [(float(b["x"].rstrip("%")), float(b["width"].rstrip("%"))) for b in bars if b["y"] == row]
        assert all(left + width <= following + 0.001 for (left, width), (following, _) in pairwise(edges))
    assert not re.findall(r"<text[^>]*>\d+</text>", page.source)  # no number fits into six pixels


def test_only_the_first_clips_are_loaded_with_the_page(directory: Path) -> None:
    assert [video["preload"] for video in render(directory, many(6)).all("video")] == ["metadata"] * 3 + ["none"] * 3


def test_reasons_begin_with_what_tells_them_apart(directory: Path) -> None:
    assert "Follows a pause of 3.0 s; opens where the subject changes." in render(directory, many(6)).text["bdi"]


def test_a_long_transcript_is_in_parts_of_five_minutes(directory: Path) -> None:
    words = tuple(Word(text=f"word{n}.", start=n * 2.0, end=n * 2.0 + 1) for n in range(500))
    long = Transcript(engine="captions", language="en", words=words, segments=())
    page = render(directory, changed(moments=[]), transcript=long)
    assert len(page.all("div", class_="part")) == 4
    assert "From 5:00" in page.text["h3"]
    assert "content-visibility: auto" in page.source


def test_what_is_said_of_the_transcript_stands_apart(directory: Path) -> None:
    estimated = spoken().model_copy(update={"words_estimated": True})
    assert "there. Word times" in " ".join(render(directory, transcript=estimated).text["section"].split())


def test_the_transcript_is_one_key_away(directory: Path) -> None:
    page = render(directory)
    assert page.all("a", class_="skip", href="#transcript")
    assert page.all("section", id="transcript")
