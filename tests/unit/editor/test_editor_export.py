"""A timeline is opened by other programs with the same ranges, and captions keep their words."""

from __future__ import annotations

import opentimelineio
import pysubs2
import pytest

from moments_ray.editor.export import FORMATS, ExportFormat, ExportSource, captions_of
from moments_ray.editor.importing import ImportFormat, read, read_cuts
from moments_ray.editor.timeline import CaptionSegment, Timeline
from moments_ray.errors import InvalidRequest
from moments_ray.settings import MediaSettings

SOURCE = ExportSource(title="It's a talk", media="talk.mp4", duration=60.0, fps=25.0)
CUTS = Timeline.model_validate(
    {
        "segments": [
            {"name": "intro", "start": 2, "end": 4, "captions": [{"text": "It's <b>me</b>", "start": 2.5, "end": 3}]},
            {"name": "slow", "start": 10, "end": 11, "effects": ["slowmo"]},
            {
                "name": "outro",
                "start": 30.0,
                "end": 33.2,
                "captions": [{"text": "{\\an8} bye", "start": 31, "end": 99}],
            },
        ]
    }
)


@pytest.mark.parametrize(("kind", "adapter"), [("otio", "otio_json"), ("fcpxml", "fcpx_xml")])
def test_cuts_are_read_back_with_the_same_ranges(kind: ExportFormat, adapter: str) -> None:
    read = opentimelineio.adapters.read_from_string(FORMATS[kind].write(CUTS, SOURCE), adapter)
    clips = list(read.find_clips())
    ranges = [(clip.source_range.start_time.to_seconds(), clip.source_range.duration.to_seconds()) for clip in clips]
    assert ranges == [(2.0, 2.0), (10.0, 1.0), (30.0, pytest.approx(3.2))]
    assert [clip.name for clip in clips] == ["intro", "slow", "outro"]


def test_an_edl_has_a_line_a_segment() -> None:
    written = FORMATS["edl"].write(CUTS, SOURCE)
    assert "00:00:10:00 00:00:11:00 00:00:02:00 00:00:03:00" in written
    assert written.count("FROM CLIP NAME") == 3


@pytest.mark.parametrize("kind", ["srt", "vtt", "ass"])
def test_captions_are_at_the_times_of_the_film(kind: ExportFormat) -> None:
    read = pysubs2.SSAFile.from_string(FORMATS[kind].write(CUTS, SOURCE))
    assert [(event.start, event.end) for event in read] == [(500, 1000), (5000, 7200)]
    assert "me" in read[0].plaintext
    assert "bye" in read[1].plaintext


def test_a_caption_file_has_no_overlaps_and_no_blank_ones() -> None:
    given = [("second", 1.0, 3.0), ("first", 0.0, 1.5), ("  ", 2.0, 2.5), ("third -->", 2.0, 4.0)]
    captions = tuple(CaptionSegment(text=text, start=start, end=end) for text, start, end in given)
    read = pysubs2.SSAFile.from_string(captions_of(captions))
    assert [(event.plaintext, event.start, event.end) for event in read] == [
        ("first", 0, 1000),
        ("second", 1000, 2000),
        ("third →", 2000, 4000),
    ]
    assert captions_of(()) == ""


@pytest.mark.parametrize("kind", ["otio", "edl", "fcpxml"])
def test_what_was_exported_is_imported_with_the_same_ranges(kind: ImportFormat) -> None:
    cuts = read({"text": FORMATS[kind].write(CUTS, SOURCE), "format": kind, "rate": 25.0}, lambda _: None)
    assert [(cut["start"], cut["end"]) for cut in cuts["segments"]] == [
        (2.0, 4.0),
        (10.0, 11.0),
        (30.0, pytest.approx(33.2)),
    ]
    assert [cut["name"] for cut in cuts["segments"]] == ["intro", "slow", "outro"]
    assert cuts["media"] == 1


def test_markers_come_back_as_captions() -> None:
    cuts = read({"text": FORMATS["otio"].write(CUTS, SOURCE), "format": "otio", "rate": 25.0}, lambda _: None)
    assert [caption["text"] for caption in cuts["segments"][0]["captions"]] == ["It’s <b>me</b>"]


@pytest.mark.parametrize("kind", ["otio", "edl", "fcpxml"])
@pytest.mark.parametrize("text", ["", "{}", "nonsense", '{"OTIO_SCHEMA": "Timeline.1"}', "<fcpxml/>"])
def test_what_is_no_timeline_is_refused(kind: ImportFormat, text: str) -> None:
    with pytest.raises(InvalidRequest):
        read({"text": text, "format": kind, "rate": 25.0}, lambda _: None)


async def test_what_kills_its_reader_is_refused_like_the_rest() -> None:
    with pytest.raises(InvalidRequest, match="cannot be read as otio"):
        await read_cuts("[" * 100_000, "otio", 25.0, MediaSettings())
