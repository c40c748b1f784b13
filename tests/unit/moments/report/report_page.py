"""A report of a short talk, rendered and parsed."""

from __future__ import annotations

import copy
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

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


def render(directory: Path, document: dict[str, Any] = DOCUMENT, **changes: Any) -> Page:
    arguments: dict[str, Any] = {"transcript": spoken(), "waveform": [0.1, 0.5, 0.2], "storyboard": None} | changes
    path = render_report(document, directory=directory, **arguments)
    assert path == directory / "report.html"
    return Page(path.read_text("utf-8"))


def changed(**parts: Any) -> dict[str, Any]:
    return copy.deepcopy(DOCUMENT) | parts


def with_moment(**fields: Any) -> dict[str, Any]:
    return changed(moments=[DOCUMENT["moments"][0] | fields])
