"""Moments for other programs: lists, captions, and timelines in source time code that editors open.

Titles are foreign text: in every format they stay text, on one line.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import Any, NamedTuple
from urllib.parse import quote

from moments_ray.library.time_code import opentimelineio, time_code_rate, time_range
from moments_ray.moments.finding.moment import clock
from moments_ray.moments.options import ExportFormat
from moments_ray.speech.transcript import Frozen

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would calculate what begins so
_JOINERS = "\u200c\u200d"  # change how Persian and Indic letters, and emoji, are drawn
_LINE_BREAKERS = {"Cc", "Cs", "Zl", "Zp"}
_NO_CHARACTERS = {"\ufffe", "\uffff"}  # XML has no word for them
_EDL_NAME = 120
_PICTURE_EVENT = re.compile(r"^(\d{3}  .{8} )V {5}C")
_LONGEST_TITLE = 300


class ExportedMoment(Frozen):
    """A moment on its way out; times in seconds from the start of the source."""

    identifier: str
    title: str
    start_time: float
    end_time: float
    score: float | None = None
    reason: str | None = None


class ExportedSource(Frozen):
    """The video that the times are of; ``media`` is the file that editors look for, ``duration`` in seconds."""

    title: str
    uri: str
    media: str = ""
    duration: float | None = None
    fps: float | None = None
    has_sound: bool = True

    @property
    def target(self) -> str:
        """Where editors look for the media: at a path as a URL, else beside the timeline by name, else at the URI."""
        path = PurePath(self.media)
        return path.as_uri() if path.is_absolute() else quote(self.media) or self.uri


class Written(NamedTuple):
    """How a format is written, and what its files are called."""

    media_type: str
    suffix: str
    write: Callable[[ExportedSource, Sequence[ExportedMoment]], str]


def export_moments(kind: ExportFormat, source: ExportedSource, moments: Sequence[ExportedMoment]) -> str:
    """Return moments of a source, in time order, in a format.

    Raises:
        ExportUnavailable: what writes timelines is not installed here.
    """
    ordered = sorted(
        (
            moment.model_copy(update={"title": _line(moment.title), "reason": moment.reason and _line(moment.reason)})
            for moment in moments
        ),
        key=lambda moment: (moment.start_time, moment.end_time),
    )
    return FORMATS[kind].write(source.model_copy(update={"title": _line(source.title)}), ordered)


def _line(text: str) -> str:
    """Return text on one line, without what a reader cannot see: controls, half characters, turned directions."""
    seen = "".join(
        " " if unicodedata.category(char) in _LINE_BREAKERS or char in _NO_CHARACTERS else char for char in text
    )
    kept = "".join(char for char in seen if unicodedata.category(char) != "Cf" or char in _JOINERS)
    return " ".join(kept.split())[:_LONGEST_TITLE] or "untitled"


def _json(source: ExportedSource, moments: Sequence[ExportedMoment]) -> str:
    document = {"source": source.model_dump(), "moments": [moment.model_dump() for moment in moments]}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _csv(_: ExportedSource, moments: Sequence[ExportedMoment]) -> str:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(ExportedMoment.model_fields)
    for moment in moments:
        writer.writerow([_inert(value) for value in moment.model_dump().values()])
    return file.getvalue()


def _inert(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value


def _srt(_: ExportedSource, moments: Sequence[ExportedMoment]) -> str:
    return "".join(
        f"{number}\n{_stamp(moment.start_time, ',')} --> {_stamp(moment.end_time, ',')}\n"
        f"{moment.title.replace('-->', '→')}\n\n"
        for number, moment in enumerate(moments, start=1)
    )


def _vtt(_: ExportedSource, moments: Sequence[ExportedMoment]) -> str:
    return "WEBVTT\n\n" + "".join(
        f"{_stamp(moment.start_time, '.')} --> {_stamp(moment.end_time, '.')}\n{_escaped(moment.title)}\n\n"
        for moment in moments
    )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _stamp(seconds: float, mark: str) -> str:
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{mark}{milliseconds:03}"


def _chapters(_: ExportedSource, moments: Sequence[ExportedMoment]) -> str:
    """Write what video sites read from a description: the first chapter must begin at 0:00."""
    lines = [f"{clock(moment.start_time)} {moment.title}" for moment in moments]
    if not lines or int(moments[0].start_time) > 0:
        lines.insert(0, "0:00 Start")
    return "\n".join(lines) + "\n"


def _edl(source: ExportedSource, moments: Sequence[ExportedMoment]) -> str:
    if not moments:
        return f"TITLE: {source.title}\n"  # the adapter takes no empty track
    # A reel's name has no space in it: many readers take the columns apart at spaces.
    reel = source.model_copy(update={"title": re.sub(r"[\W_]+", "", source.title) or "AX"})
    timeline = _timeline(reel, moments, name_length=_EDL_NAME)
    timeline.name = source.title[:_EDL_NAME]
    written: str = opentimelineio().adapters.write_to_string(timeline, "cmx_3600", rate=time_code_rate(source.fps))
    media = _line(source.media or source.title)
    lines: list[str] = []
    for line in written.splitlines():
        if line.startswith("* FROM CLIP NAME:"):  # by which editors find the media
            lines += [f"* FROM CLIP NAME:  {media}", line.replace("FROM CLIP NAME", "COMMENT", 1)]
        elif not line.startswith(("* FROM CLIP:", "* OTIO TRUNCATED REEL NAME")):
            lines.append(_PICTURE_EVENT.sub(r"\1AA/V  C", line) if source.has_sound else line)
    return "\n".join(lines) + "\n"


def _otio(source: ExportedSource, moments: Sequence[ExportedMoment]) -> str:
    written: str = opentimelineio().adapters.write_to_string(_timeline(source, moments), "otio_json")
    return written


def _fcpxml(source: ExportedSource, moments: Sequence[ExportedMoment]) -> str:
    # The adapter looks clips and sources up by XPath, in single quotes: none may end there.
    quoted = [moment.model_copy(update={"title": moment.title.replace("'", "’")}) for moment in moments]
    plain = {"title": source.title.replace("'", "’"), "uri": source.uri.replace("'", "%27")}
    named = source.model_copy(update=plain | {"media": source.media.replace("'", "’")})
    picture = named.model_copy(update={"has_sound": False})  # a track of sound breaks the adapter at some frame rates
    written: str = opentimelineio().adapters.write_to_string(_timeline(picture, quoted), "fcpx_xml")
    if not source.has_sound:
        return written
    heard = written.replace('hasAudio="0"', 'hasAudio="1"')
    return re.sub(r"<video ([^>]*)/>", r'<video \1><audio lane="-1" \1/></video>', heard)


def _timeline(source: ExportedSource, moments: Sequence[ExportedMoment], name_length: int = _LONGEST_TITLE) -> Any:
    """Return the moments one after another, each with its place in the source."""
    otio = opentimelineio()
    rate = time_code_rate(source.fps)
    end = source.duration or max((moment.end_time for moment in moments), default=0.0)
    whole = time_range(0.0, end, rate)
    timeline = otio.schema.Timeline(
        name=source.title[:name_length], global_start_time=otio.opentime.RationalTime(0, rate)
    )
    kinds = [("Moments", otio.schema.TrackKind.Video)]
    if source.has_sound:
        kinds.append(("Sound", otio.schema.TrackKind.Audio))
    for name, kind in kinds:
        track = otio.schema.Track(name=name, kind=kind)
        track.extend(_clip(source, moment, whole, name_length) for moment in moments)
        timeline.tracks.append(track)
    return timeline


def _clip(source: ExportedSource, moment: ExportedMoment, whole: Any, name_length: int) -> Any:
    otio = opentimelineio()
    reference = otio.schema.ExternalReference(target_url=source.target, available_range=whole)
    reference.name = source.title[:name_length]
    clip = otio.schema.Clip(
        name=moment.title[:name_length],
        media_reference=reference,
        source_range=time_range(moment.start_time, moment.end_time, time_code_rate(source.fps)),
    )
    clip.metadata["moments"] = {"identifier": moment.identifier}
    return clip


FORMATS: dict[ExportFormat, Written] = {
    "json": Written("application/json", ".json", _json),
    "csv": Written("text/csv", ".csv", _csv),
    "srt": Written("application/x-subrip", ".srt", _srt),
    "vtt": Written("text/vtt", ".vtt", _vtt),
    "edl": Written("text/plain", ".edl", _edl),
    "otio": Written("application/vnd.opentimelineio+json", ".otio", _otio),
    "fcpxml": Written("application/xml", ".fcpxml", _fcpxml),
    "chapters": Written("text/plain", ".txt", _chapters),
}
