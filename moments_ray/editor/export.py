"""A timeline for other programs: as cuts that editors open, or its captions at the film's own times."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal, NamedTuple

import pysubs2

from moments_ray.editor.planning import plan
from moments_ray.editor.timeline import CaptionSegment, Timeline
from moments_ray.library.time_code import opentimelineio, time_code_rate, time_range
from moments_ray.media.render.plan import RATE

ExportFormat = Literal["json", "srt", "vtt", "ass", "otio", "edl", "fcpxml"]
_LONGEST_NAME = 120
_REEL_LETTERS = 8  # of an EDL, whose readers know no others than these and no spaces


@dataclass(frozen=True)
class ExportSource:
    """The video that a timeline cuts: ``media`` is what editors look for, ``duration`` in seconds."""

    title: str
    media: str
    duration: float
    fps: float | None


class Written(NamedTuple):
    """How a format is written, and what its files are called."""

    media_type: str
    suffix: str
    write: Callable[[Timeline, ExportSource], str]


def _json(timeline: Timeline, _source: ExportSource) -> str:
    return timeline.model_dump_json(indent=2)


def captions_of(captions: tuple[CaptionSegment, ...], kind: str = "srt") -> str:
    """Return captions as a file: sorted, without blank ones, none longer than until the next begins."""
    kept = sorted((each for each in captions if each.text.strip()), key=lambda each: (each.start, each.end))
    cues = [
        (each.start, min(each.end, later.start if later is not None else math.inf), each.text)
        for each, later in zip_longest(kept, kept[1:])
    ]
    return _subtitles(cues, kind)


def _subtitles(cues: list[tuple[float, float, str]], kind: str) -> str:
    file = pysubs2.SSAFile()
    for start, end, text in cues:
        if end > start:
            event = pysubs2.SSAEvent(round(start * 1000), round(end * 1000))
            event.plaintext = text.replace("-->", "→")
            file.append(event)
    return str(file.to_string(kind))


def _captions(kind: str) -> Callable[[Timeline, ExportSource], str]:
    """Return the function that writes a film's captions at the times at which the film shows them."""

    def write(timeline: Timeline, _source: ExportSource) -> str:
        cues, first = [], 0
        for planned in plan(timeline, None):
            length = planned.piece.frames / RATE
            cues += [
                (first / RATE + max(0.0, each.start), first / RATE + min(length, each.end), each.text)
                for each in planned.piece.captions
            ]
            first += planned.piece.frames
        return _subtitles(cues, kind)

    return write


def _cuts(adapter: str) -> Callable[[Timeline, ExportSource], str]:
    """Return the function that writes the cuts by an adapter of OpenTimelineIO."""

    def write(timeline: Timeline, source: ExportSource) -> str:
        arguments = {"rate": time_code_rate(source.fps)} if adapter == "cmx_3600" else {}
        written: str = opentimelineio().adapters.write_to_string(_timeline(timeline, source), adapter, **arguments)
        return written

    return write


def _timeline(timeline: Timeline, source: ExportSource) -> Any:
    """Return the segments one after another, each with its place in the source and its captions as markers."""
    otio, rate = opentimelineio(), time_code_rate(source.fps)
    track = otio.schema.Track(name="Segments", kind=otio.schema.TrackKind.Video)
    for segment in timeline.segments:
        reference = otio.schema.ExternalReference(
            target_url=source.media, available_range=time_range(0.0, source.duration, rate)
        )
        reference.name = _plain(source.title)
        reel = re.sub(r"[^A-Z0-9]", "", source.media.upper())[:_REEL_LETTERS] or "AX"
        clip = otio.schema.Clip(
            name=_plain(segment.name),
            media_reference=reference,
            source_range=time_range(segment.start, segment.end, rate),
            metadata={"cmx_3600": {"reel": reel}},
        )
        for caption in segment.captions or ():
            clip.markers.append(
                otio.schema.Marker(name=_plain(caption.text), marked_range=time_range(caption.start, caption.end, rate))
            )
        track.append(clip)
    whole = otio.schema.Timeline(name=_plain(source.title), global_start_time=otio.opentime.RationalTime(0, rate))
    whole.tracks.append(track)
    return whole


def _plain(text: str) -> str:
    """Return text on one line, without quotes that adapters look names up by."""
    return " ".join(text.replace("'", "’").split())[:_LONGEST_NAME]


FORMATS: dict[ExportFormat, Written] = {
    "json": Written("application/json", ".json", _json),
    "srt": Written("application/x-subrip", ".srt", _captions("srt")),
    "vtt": Written("text/vtt", ".vtt", _captions("vtt")),
    "ass": Written("text/x-ssa", ".ass", _captions("ass")),
    "otio": Written("application/vnd.opentimelineio+json", ".otio", _cuts("otio_json")),
    "edl": Written("text/plain", ".edl", _cuts("cmx_3600")),
    "fcpxml": Written("application/xml", ".fcpxml", _cuts("fcpx_xml")),
}
