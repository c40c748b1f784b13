"""Reads cuts that other editors wrote, in a child process: ranges of the source, speeds, and markers as captions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypedDict

from moments_ray.errors import InvalidRequest, MediaError
from moments_ray.library.time_code import opentimelineio
from moments_ray.media.process import run_python
from moments_ray.settings import MediaSettings

ImportFormat = Literal["otio", "edl", "fcpxml"]

_SECONDS = 30.0
_ADAPTERS: dict[ImportFormat, str] = {"otio": "otio_json", "edl": "cmx_3600", "fcpxml": "fcpx_xml"}
_MOST_CLIPS = 500
_LONGEST_TEXT = 100
_LONGEST_CAPTION = 500


class Job(TypedDict):
    """A file's text, how it is written, and the frames a second of the time code in it."""

    text: str
    format: ImportFormat
    rate: float


class Cuts(TypedDict):
    """Segments as ``POST /api/timeline/{project}`` takes them, and how many media the clips named."""

    segments: list[dict[str, Any]]
    media: int


async def read_cuts(text: str, kind: ImportFormat, rate: float, settings: MediaSettings) -> Cuts:
    """Return the cuts of a file, read in a child process: its reader is not made for hostile files.

    Raises:
        InvalidRequest: it cannot be read, or has no clips, or more than 500.
        ExportUnavailable: nothing here reads such files.
    """
    job = Job(text=text, format=kind, rate=rate)
    try:
        cuts = await run_python("moments_ray.editor.importing:read", job, timeout=_SECONDS, settings=settings)
    except MediaError as error:
        raise InvalidRequest(f"This cannot be read as {kind}.") from error
    assert isinstance(cuts, dict)  # noqa: S101 - the function's own answer
    segments: Any = cuts["segments"]
    return Cuts(segments=segments, media=int(str(cuts["media"])))


def read(job: Job, _report_progress: Callable[[float], None]) -> Cuts:
    """Return the clips of a file's first picture track, in order.

    Raises:
        InvalidRequest: it cannot be read, or has no clips, or more than 500.
    """
    otio = opentimelineio()
    arguments = {"rate": job["rate"]} if job["format"] == "edl" else {}
    try:
        found = otio.adapters.read_from_string(job["text"], _ADAPTERS[job["format"]], **arguments)
        clips = _clips(otio, found)
        segments = [_segment(otio, clip) for clip in clips]
    except Exception as error:  # adapters raise whatever comes up in them
        if isinstance(error, InvalidRequest):
            raise
        raise InvalidRequest(f"This cannot be read as {job['format']}: {type(error).__name__}.") from error
    media = {getattr(clip.media_reference, "target_url", None) or clip.media_reference.name for clip in clips}
    return {"segments": segments, "media": len(media - {None, ""})}


def _clips(otio: Any, found: Any) -> list[Any]:
    """Return the clips of the first track of pictures that has any."""
    if isinstance(found, otio.schema.SerializableCollection):
        found = next((each for each in found if isinstance(each, otio.schema.Timeline)), found)
    if not isinstance(found, otio.schema.Timeline):
        raise InvalidRequest("There is no timeline in this file.")
    clips: list[Any] = next((list(track.find_clips()) for track in found.video_tracks() if any(track.find_clips())), [])
    if not 0 < len(clips) <= _MOST_CLIPS:
        raise InvalidRequest(f"There are {len(clips)} clips in this file: a timeline has 1 to {_MOST_CLIPS}.")
    return clips


def _segment(otio: Any, clip: Any) -> dict[str, Any]:
    whole = clip.source_range or clip.available_range()
    start, seconds = whole.start_time.to_seconds(), whole.duration.to_seconds()
    warps = [effect for effect in clip.effects if isinstance(effect, otio.schema.LinearTimeWarp)]
    speed = float(warps[0].time_scalar) if warps else 1.0
    segment: dict[str, Any] = {
        "name": (clip.name or "segment")[:_LONGEST_TEXT],
        "start": round(start, 4),
        "end": round(start + seconds * speed, 4),
    }
    if speed != 1:
        segment["speed"] = speed
    captions = [
        {
            "text": marker.name[:_LONGEST_CAPTION],
            "start": round(marker.marked_range.start_time.to_seconds(), 4),
            "end": round(marker.marked_range.end_time_exclusive().to_seconds(), 4),
        }
        for marker in clip.markers
        if marker.name.strip()
    ]
    return {**segment, "captions": captions} if captions else segment
