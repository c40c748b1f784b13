"""The report shows what happened, asks nobody for anything, and nothing a video says can act in it."""

from __future__ import annotations

import base64
import copy
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError

from moments_ray.moments.report.render import render_report
from moments_ray.speech.transcript import Segment, Transcript, Word

VOID = {"meta", "link", "img", "br", "input", "hr"}
TEXT = "It was quiet. Then the bridge began to twist. Nobody moved. So why did it fall? The wind paid. Goodbye."
DOCUMENT: dict[str, Any] = {
    "video": {"identifier": "v", "title": "A talk", "duration": 60.0, "width": 1280, "height": 720, "fps": 25.0,
              "codec": "h264"},
    "run": {"identifier": "run-1", "status": "completed",
            "stages": [{"name": "MOMENT_GENERATION", "status": "completed", "seconds": 1.25, "attempt": 2},
                       {"name": "CLIP_UPLOAD", "status": "skipped", "seconds": None, "attempt": None}]},
    "transcript": {"engine": "captions", "language": "en", "words": 21},
    "moments": [
        {"identifier": "m1", "title": "The bridge began to twist", "start_time": 6.0, "end_time": 30.0, "score": 81.4,
         "reason": "It turns.", "is_refined": True, "parent_id": "m0",
         "provenance": [{"step": "snap", "start_time": 6.0, "end_time": 30.0, "reason": "into the pause"}],
         "clip": {"path": "clips/01-a b.mp4", "start_time": 5.5, "end_time": 30.5, "method": "smart",
                  "bytes": 2_500_000},
         "thumbnail": "thumbnails/01.jpg"},
    ],
    "quality": {"cuts_in_word": 0, "ends_on_sentence": 1.0, "asked": 5, "found": 1, "basis": "speech"},
    "errors": [],
}  # fmt: skip


class Page(HTMLParser):
    """The parsed page: its elements in order, and the text of each kind of them."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.text: dict[str, str] = {}
        self.feed(source)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.text[tag] = self.text.get(tag, "") + data

    @property
    def tags(self) -> list[str]:
        return [tag for tag, _ in self.elements]

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        return [
            found
            for name, found in self.elements
            if name == tag and all(found.get(key.rstrip("_")) == value for key, value in wanted.items())
        ]


def spoken() -> Transcript:
    words = tuple(Word(text=text, start=n * 3.0, end=n * 3.0 + 2.0) for n, text in enumerate(TEXT.split()))
    segment = Segment(text=TEXT, start=0.0, end=words[-1].end)
    return Transcript(engine="captions", language="en", words=words, segments=(segment,))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "01-a b.mp4").write_bytes(b"clip")
    (tmp_path / "thumbnails").mkdir()
    Image.new("RGB", (16, 9), "#336699").save(tmp_path / "thumbnails" / "01.jpg")
    return tmp_path


def render(directory: Path, document: dict[str, Any] = DOCUMENT, **changes: Any) -> Page:
    arguments: dict[str, Any] = {"transcript": spoken(), "waveform": [0.1, 0.5, 0.2], "storyboard": None} | changes
    path = render_report(document, directory=directory, **arguments)
    assert path == directory / "report.html"
    return Page(path.read_text("utf-8"))


def changed(**parts: Any) -> dict[str, Any]:
    return copy.deepcopy(DOCUMENT) | parts


def with_moment(**fields: Any) -> dict[str, Any]:
    return changed(moments=[DOCUMENT["moments"][0] | fields])


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


def test_the_page_asks_nobody_for_anything(directory: Path) -> None:
    page = render(directory, storyboard=[directory / "thumbnails" / "01.jpg"])
    assert not page.all("link")
    for _, attributes in page.elements:
        for name in ("href", "src", "poster", "action", "srcset", "data"):
            assert attributes.get(name, "#").startswith(("#", "data:image/", "clips/"))
        assert "style" not in attributes
    assert "http:" not in page.source
    assert "https:" not in page.source


def test_the_policy_allows_this_style_and_script_only(directory: Path) -> None:
    page = render(directory)
    (policy,) = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    for tag in ("style", "script"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page.source, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert directives[f"{tag}-src"] == f"'sha256-{digest}'"
    # The policy stands before anything it shall hold for.
    assert page.tags.index("meta") < page.tags.index("style") < page.tags.index("script")
    assert "Content-Security-Policy" in page.elements[page.tags.index("meta") + 1][1].get("http-equiv", "")


HOSTILE = [
    "</script><script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    "\"'><svg onload=alert(1)>",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% include '/etc/passwd' %}",
    "<!-- <![CDATA[ ]]> &lt;b&gt; &#x3c;script&#x3e;",
    "\ud800 \x00 \x1b[31m \ufeff",
]


def hostile(text: str) -> dict[str, Any]:
    return changed(
        video=DOCUMENT["video"] | {"title": text, "codec": text},
        run={
            "identifier": text,
            "status": text,
            "stages": [{"name": text, "status": text, "seconds": 1.0, "attempt": 1}],
        },
        transcript={"engine": text, "language": text, "words": 3},
        moments=[
            DOCUMENT["moments"][0]
            | {
                "title": text,
                "reason": text,
                "provenance": [DOCUMENT["moments"][0]["provenance"][0] | {"step": text, "reason": text}],
            }
            | {"clip": DOCUMENT["moments"][0]["clip"] | {"method": text}}
        ],
        quality={text: text},
        errors=[{"code": text, "message": text, "item": text}, text],
    )


def spoken_hostile(text: str) -> Transcript:
    word = Word(text=text, start=10.0, end=11.0)
    return Transcript(engine=text, language=text, words=(word,), segments=())


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_stay_words(directory: Path, text: str) -> None:
    tame = render(directory, hostile("tame"), transcript=spoken_hostile("tame"))
    page = render(directory, hostile(text), transcript=spoken_hostile(text))
    assert page.tags == tame.tags
    assert [set(attributes) for _, attributes in page.elements] == [set(attributes) for _, attributes in tame.elements]
    assert page.text["script"] == tame.text["script"]
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert "49" not in page.text["h1"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(min_size=1).filter(str.strip))
def test_no_text_at_all_changes_what_the_page_is_made_of(directory: Path, text: str) -> None:
    page = render(directory, hostile(f"a{text}"), transcript=spoken())
    assert page.tags == render(directory, hostile("tame"), transcript=spoken()).tags


def test_a_title_cannot_turn_the_reading_direction_or_hide_controls(directory: Path) -> None:
    page = render(directory, with_moment(title="photo\u202egpj.exe\u2066\x07"))
    assert page.text["h3"] == "photogpj.exe"


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../outside.mp4", "clips/../../outside.mp4", "javascript:alert(1)", "clips", "", "a\0b"]
)
def test_a_clip_that_is_not_a_file_under_the_report_is_not_shown(directory: Path, path: str) -> None:
    (directory.parent / "outside.mp4").write_bytes(b"secret")
    page = render(directory, with_moment(clip=DOCUMENT["moments"][0]["clip"] | {"path": path}, thumbnail=path))
    assert not page.all("video")
    assert "No clip was made of this moment." in page.text["article"]


def test_a_file_named_like_a_script_address_is_only_a_file(directory: Path) -> None:
    (directory / "javascript:alert(1)").write_bytes(b"clip")
    page = render(directory, with_moment(clip=DOCUMENT["moments"][0]["clip"] | {"path": "javascript:alert(1)"}))
    assert page.all("video")[0]["src"] == "javascript%3Aalert%281%29"


def test_a_thumbnail_that_is_no_picture_is_left_out(directory: Path) -> None:
    (directory / "thumbnails" / "01.jpg").write_text("<svg onload=alert(1)>")
    assert "poster" not in render(directory).all("video")[0]


def test_a_document_that_is_none_leaves_no_page(directory: Path) -> None:
    with pytest.raises(ValidationError):
        render_report({"moments": []}, transcript=None, waveform=None, storyboard=None, directory=directory)
    assert not (directory / "report.html").exists()


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
