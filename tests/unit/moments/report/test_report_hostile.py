"""Nothing that a video or a document says can act in the report."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from moments_ray.moments.report.render import render_report
from moments_ray.speech.transcript import Transcript, Word
from tests.unit.moments.report.report_page import DOCUMENT, changed, render, spoken, with_moment


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
