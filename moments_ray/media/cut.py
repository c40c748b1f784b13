"""Cuts frame-accurate clips: many ranges of one source in one child process."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, JsonValue, StringConstraints

from moments_ray.errors import InvalidRequest
from moments_ray.media.guard import check_url
from moments_ray.media.presets import Preset
from moments_ray.media.process import run_python
from moments_ray.media.source import SourceOptions, remote_source_options, source_options
from moments_ray.settings import MediaSettings, Settings

FileStem = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$")]

# Of the memory that other media processes may have: one decoder and an encoder for each preset, all in 4K.
_MEMORY_SHARES = 2


class Caption(BaseModel):
    """Lines of text to be shown from ``start`` until ``end``, in seconds from the start of the source."""

    model_config = ConfigDict(frozen=True)

    start: float
    end: float
    text: Annotated[str, StringConstraints(max_length=500)]


class CutRange(BaseModel):
    """A clip to cut: a range in seconds from the start of the source, and what the clip is for.

    ``name`` becomes the stem of its file. ``captions`` are drawn into the pictures. Clips of one and the same
    range that have to be encoded share one pass of decoding.
    """

    model_config = ConfigDict(frozen=True)

    name: FileStem
    start: float
    end: float
    preset: Preset = "source"
    captions: tuple[Caption, ...] = ()


class Clip(BaseModel):
    """A clip that was cut and checked.

    ``start_time`` is the first picture at or after the asked start, ``end_time`` the first one that is not in the clip,
    both in seconds of the source and on its frame grid; where a picture stays on screen for longer than two usual
    frames, or sound is heard without one, they are the asked times. ``checksum`` is CRC-32C in base64, as object
    stores write it.
    ``fallback_reason`` says why a clip was re-encoded, where that was not asked for, and what that cost.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    preset: str
    path: Path
    start_time: float
    end_time: float
    duration: float
    method: Literal["smart", "reencode"]
    fallback_reason: str | None
    frames: int
    bytes: int
    checksum: str
    width: int
    height: int
    fps: float


class CutFailure(BaseModel):
    """A range that could not be cut, with the code and message of its error."""

    model_config = ConfigDict(frozen=True)

    name: str
    code: str
    message: str


class RemoteCut(BaseModel):
    """The clips of a remote source, the size of that and how many bytes of it were fetched."""

    model_config = ConfigDict(frozen=True)

    clips: list[Clip | CutFailure]
    source_bytes: int
    fetched_bytes: int


async def cut_clips(
    source: Path,
    ranges: Sequence[CutRange],
    directory: Path,
    *,
    settings: MediaSettings,
    threads: int,
    timeout: float,
    progress: Callable[[float], None] | None = None,
) -> list[Clip | CutFailure]:
    """Cut ranges of one source into ``directory/{name}.mp4``, in a directory that is there; results are in order.

    A range that cannot be cut is a CutFailure and leaves no file; the others are not touched by it. ``timeout`` is in
    seconds for all of them. Raises InvalidRequest for two ranges of one name, SourceNotFound, UnsupportedMedia,
    MediaLimitsExceeded, DiskFull or MediaTimeout for what concerns the whole source.
    """
    job = _job(source_options(source, settings), None, ranges, directory=directory, threads=threads)
    return (await _run(job, ranges, settings, timeout, progress)).clips


async def cut_clips_of_url(
    url: str,
    ranges: Sequence[CutRange],
    directory: Path,
    *,
    settings: Settings,
    threads: int,
    timeout: float,
    progress: Callable[[float], None] | None = None,
) -> RemoteCut:
    """Cut ranges of a video file behind a URL as ``cut_clips`` does, reading only its index and what the clips need.

    Raises also UrlNotAllowed, DownloadPrivate, DownloadUnavailable (for a server that sends whole files only as well)
    and DownloadInterrupted.
    """
    await check_url(url, settings.download)
    remote: dict[str, JsonValue] = {"url": url, "settings": settings.download.model_dump(mode="json")}
    job = _job(remote_source_options(settings.media), remote, ranges, directory=directory, threads=threads)
    return await _run(job, ranges, settings.media, timeout, progress)


def _job(
    source: SourceOptions,
    remote: dict[str, JsonValue] | None,
    ranges: Sequence[CutRange],
    *,
    directory: Path,
    threads: int,
) -> dict[str, Any]:
    """Check what is asked and put it for a child; ranges that are none are left out."""
    if len({entry.name for entry in ranges}) < len(ranges):
        raise InvalidRequest("Two ranges carry the same name; every clip needs its own.")
    return {
        "source": source,
        "remote": remote,
        "clips": [_spec(entry) for entry in ranges if 0 <= entry.start < entry.end < math.inf],
        "directory": str(directory),
        "threads": threads,
    }


async def _run(
    job: dict[str, Any],
    ranges: Sequence[CutRange],
    settings: MediaSettings,
    timeout: float,
    progress: Callable[[float], None] | None,
) -> RemoteCut:
    """Have a child cut what can be cut, and answer for every range."""
    done: dict[str, Clip | CutFailure] = {entry.name: _refused(entry) for entry in ranges}
    source_bytes = fetched_bytes = 0
    if job["clips"]:
        answer = await run_python(
            "moments_ray.media.native.cutting.job:cut",
            job,
            timeout=timeout,
            settings=settings,
            on_progress=progress,
            memory_bytes=_MEMORY_SHARES * settings.max_memory_bytes,
            network=job["remote"] is not None,
        )
        found = cast("dict[str, Any]", answer)
        source_bytes, fetched_bytes = found["source_bytes"], found["fetched_bytes"]
        for outcome in found["outcomes"]:
            done[outcome["name"]] = CutFailure(**outcome) if "code" in outcome else Clip(**outcome)
    clips = [done[entry.name] for entry in ranges]
    return RemoteCut(clips=clips, source_bytes=source_bytes, fetched_bytes=fetched_bytes)


def _spec(entry: CutRange) -> dict[str, Any]:
    """Put a range for a child, with those of its captions that are seen in it."""
    seen = [each for each in entry.captions if each.start < entry.end and each.end > entry.start and each.text.strip()]
    return entry.model_copy(update={"captions": tuple(seen)}).model_dump()


def _refused(entry: CutRange) -> CutFailure:
    """Refuse a range that is none."""
    message = f"{entry.start:g}-{entry.end:g} s is not a range; it needs 0 <= start < end."
    return CutFailure(name=entry.name, code=InvalidRequest.code, message=message)
