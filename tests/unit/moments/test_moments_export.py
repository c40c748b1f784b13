"""Moments in the formats of other programs, read back by other readers, with titles that mean harm."""

from __future__ import annotations

import csv
import io
import json
import sys
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycmx import parse_cmx3600

from moments_ray.errors import ExportUnavailable
from moments_ray.moments.export import FORMATS, ExportedMoment, ExportedSource, export_moments
from moments_ray.moments.options import ExportFormat
from moments_ray.speech.captions.reader import read_captions

SOURCE = ExportedSource(title="A talk", uri="https://example.org/talk.mp4", duration=120.0, fps=25.0)
MOMENTS = [
    ExportedMoment(identifier="b", title="Second", start_time=40.0, end_time=61.2, score=80.0),
    ExportedMoment(identifier="a", title="First", start_time=3.0, end_time=12.48, reason="it opens"),
]


TIMELINES = ("edl", "otio", "fcpxml")
PLAIN = [kind for kind in FORMATS if kind not in TIMELINES]


@pytest.fixture(scope="module")
def otio() -> Any:
    """What writes and reads timelines, where this Python has a wheel of it."""
    return pytest.importorskip("opentimelineio", reason="OpenTimelineIO has no wheel for this Python")


def written(kind: ExportFormat, title: str = "First", fps: float | None = 25.0) -> str:
    moments = [MOMENTS[0], MOMENTS[1].model_copy(update={"title": title})]
    return export_moments(kind, SOURCE.model_copy(update={"fps": fps}), moments)


def test_lists_are_in_time_order() -> None:
    assert [moment["identifier"] for moment in json.loads(written("json"))["moments"]] == ["a", "b"]
    rows = list(csv.DictReader(io.StringIO(written("csv"))))
    assert [(row["title"], row["start_time"], row["score"]) for row in rows] == [
        ("First", "3.0", ""),
        ("Second", "40.0", "80.0"),
    ]


@pytest.mark.parametrize("kind", ["srt", "vtt"])
def test_captions_are_read_back(kind: ExportFormat) -> None:
    segments = read_captions(written(kind).encode()).segments
    assert [(segment.text, segment.start, segment.end) for segment in segments] == [
        ("First", 3.0, 12.48),
        ("Second", 40.0, 61.2),
    ]


def test_chapters_begin_at_zero() -> None:
    assert written("chapters") == "0:00 Start\n0:03 First\n0:40 Second\n"
    assert export_moments("chapters", SOURCE, []) == "0:00 Start\n"


@pytest.mark.usefixtures("otio")
def test_a_reader_of_another_make_finds_picture_and_sound_of_every_moment_in_an_edl() -> None:
    source = SOURCE.model_copy(update={"title": "A talk, 7", "media": "/footage/A talk.mp4"})
    read = parse_cmx3600(io.StringIO(export_moments("edl", source, MOMENTS)))
    assert read.title == "A talk, 7"
    edits = [edit for event in read.events for edit in event.edits]
    assert [(edit.source, edit.clip_name) for edit in edits] == [("Atalk7", "/footage/A talk.mp4")] * 2
    assert [(edit.channels.video, [*edit.channels.channels]) for edit in edits] == [(True, [1, 2])] * 2
    assert [(edit.source_in, edit.source_out, edit.record_in, edit.record_out) for edit in edits] == [
        ("00:00:03:00", "00:00:12:12", "00:00:00:00", "00:00:09:12"),
        ("00:00:40:00", "00:01:01:05", "00:00:09:12", "00:00:30:17"),
    ]


@pytest.mark.usefixtures("otio")
def test_a_reader_of_another_make_finds_picture_and_sound_of_every_moment_in_an_otio() -> None:
    reader = pytest.importorskip("tellers_timeline", reason="tellers-timeline has no wheel for this machine")
    source = SOURCE.model_copy(update={"media": "/footage/A talk.mp4"})
    read = reader.Timeline.parse_json(export_moments("otio", source, MOMENTS))
    assert (read.get_name(), read.validate()) == ("A talk", [])
    tracks = read.get_stack().tracks()
    assert [track.kind for track in tracks] == ["video", "audio"]
    for track in tracks:
        assert track.total_duration() == pytest.approx(9.48 + 21.2)
        assert track.start_time_of_item(1) == pytest.approx(9.48)
        cut = [clip.get_source_range() for clip in track.items()]  # in frames
        assert [(each.get_start_time(), each.get_duration()) for each in cut] == [(75, 237), (1000, 530)]
        media = [clip.get_media_references()["DEFAULT_MEDIA"] for clip in track.items()]
        assert [each.get_url() for each in media] == ["file:///footage/A%20talk.mp4"] * 2
        assert [each.get_media_duration() for each in media] == [120.0] * 2


@pytest.mark.usefixtures("otio")
def test_an_edit_list_names_places_in_the_source() -> None:
    events = [line.split()[-4:] for line in written("edl").splitlines() if line[:3].isdecimal()]
    assert events == [
        ["00:00:03:00", "00:00:12:12", "00:00:00:00", "00:00:09:12"],
        ["00:00:40:00", "00:01:01:05", "00:00:09:12", "00:00:30:17"],
    ]


def test_a_timeline_opens_with_the_source_it_is_cut_from(otio: Any) -> None:
    timeline = otio.adapters.read_from_string(written("otio"), "otio_json")
    clips = list(timeline.find_clips())
    assert [clip.name for clip in clips] == ["First", "Second"] * 2  # of the picture, and of the sound
    assert [track.kind for track in timeline.tracks] == ["Video", "Audio"]
    assert clips[0].media_reference.target_url == SOURCE.uri
    assert [clip.source_range.start_time.to_seconds() for clip in clips] == [3.0, 40.0] * 2
    found = ET.fromstring(written("fcpxml")).iter("asset-clip")  # noqa: S314 - written here
    assert {clip.get("name") for clip in found} >= {"First", "Second"}


def test_timelines_have_sound_and_name_the_media_by_its_file(otio: Any) -> None:
    source = SOURCE.model_copy(update={"media": "Bread & butter.mp4"})
    edl = export_moments("edl", source, MOMENTS)
    assert edl.count("AA/V  C") == 2
    assert edl.count("* FROM CLIP NAME:  Bread & butter.mp4") == 2
    read = otio.adapters.read_from_string(edl, "cmx_3600", rate=25)
    assert [clip.source_range.start_time.to_seconds() for clip in read.video_tracks()[0]] == [3.0, 40.0]
    (asset,) = ET.fromstring(export_moments("fcpxml", source, MOMENTS)).iter("asset")  # noqa: S314 - written here
    assert (asset.get("hasAudio"), asset.get("src")) == ("1", "Bread%20%26%20butter.mp4")
    silent = export_moments("edl", source.model_copy(update={"has_sound": False}), MOMENTS)
    assert "AA/V" not in silent
    placed = source.model_copy(update={"media": "/media/Bread & butter.mp4"})
    (clip, *_) = otio.adapters.read_from_string(export_moments("otio", placed, MOMENTS), "otio_json").find_clips()
    assert clip.media_reference.target_url == "file:///media/Bread%20%26%20butter.mp4"


@pytest.mark.parametrize("fps", [None, 7.5, 12.0, 23.976, 29.97, 59.94, 120.0, 1000.0])
@pytest.mark.parametrize("kind", PLAIN)
def test_every_frame_rate_and_no_moments_at_all_can_be_written(kind: ExportFormat, fps: float | None) -> None:
    assert "First" in written(kind, fps=fps)
    assert "First" not in export_moments(kind, SOURCE.model_copy(update={"fps": fps}), [])


@pytest.mark.usefixtures("otio")
@pytest.mark.parametrize("fps", [None, 7.5, 12.0, 23.976, 29.97, 59.94, 120.0, 1000.0])
@pytest.mark.parametrize("kind", TIMELINES)
def test_every_frame_rate_and_no_moments_at_all_make_a_timeline(kind: ExportFormat, fps: float | None) -> None:
    assert "First" in written(kind, fps=fps)
    assert "First" not in export_moments(kind, SOURCE.model_copy(update={"fps": fps}), [])


def test_a_title_is_no_formula() -> None:
    for title in ("=1+1", "+1", "-1", "@SUM(A1)"):
        assert next(csv.DictReader(io.StringIO(written("csv", title))))["title"] == f"'{title}"


HOSTILE = st.text(max_size=80) | st.sampled_from(
    [
        "a'b]",
        "x\n002  AX V C 00:00:00:00",
        "1 --> 2",
        "</title><x/>",
        "]]>",
        "\x00\x1b[2J",
        "\u202egnp",
        "\ud800",
        "\ufffe",
        "",
    ]
)


@settings(max_examples=60, deadline=None)
@given(HOSTILE)
def test_no_title_breaks_a_format(title: str) -> None:
    assert len(list(csv.DictReader(io.StringIO(written("csv", title))))) == 2
    assert written("srt", title).count(" --> ") == 2
    assert sum("-->" in line for line in written("vtt", title).splitlines()) == 2
    assert len(written("chapters", title).splitlines()) == 3


@settings(max_examples=60, deadline=None)
@given(HOSTILE)
def test_no_title_breaks_a_timeline(otio: Any, title: str) -> None:
    assert sum(line[:3] in {"001", "002", "003"} for line in written("edl", title).splitlines()) == 2
    assert len(list(otio.adapters.read_from_string(written("otio", title), "otio_json").find_clips())) == 4
    assert ET.fromstring(written("fcpxml", title)) is not None  # noqa: S314 - written here


@pytest.mark.parametrize("kind", TIMELINES)
def test_a_python_without_opentimelineio_says_so_and_writes_the_rest(
    kind: ExportFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentimelineio", None)  # as where it is not installed
    with pytest.raises(ExportUnavailable, match=r"no wheel for Python 3\.14.*Python 3\.11 to 3\.13, or export json"):
        written(kind)
    assert all("First" in written(plain) for plain in PLAIN)
