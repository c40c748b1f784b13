"""Cuts frame-accurate clips: many ranges of one source in one child process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, JsonValue, StringConstraints

from moments_ray.errors import InvalidRequest
from moments_ray.media.process import run_python
from moments_ray.media.source import source_options
from moments_ray.settings import MediaSettings

FileStem = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$")]

# ``source`` changes nothing it need not; ``web`` plays anywhere; ``vertical`` fills a phone held upright.
PRESETS = ("source", "web", "vertical")


class CutRange(BaseModel):
    """A range to cut, in seconds from the start of the source; ``name`` becomes the stem of the clip's file."""

    model_config = ConfigDict(frozen=True)

    name: FileStem
    start: float
    end: float


class Clip(BaseModel):
    """A clip that was cut and checked.

    ``start_time`` is the first picture at or after the asked start, ``end_time`` the first one that is not in the clip,
    both in seconds of the source and on its frame grid. ``checksum`` is CRC-32C in base64, as object stores write it.
    ``fallback_reason`` says why a clip was encoded anew, where that was not asked for.
    """

    model_config = ConfigDict(frozen=True)

    name: str
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


async def cut_clips(
    source: Path,
    ranges: Sequence[CutRange],
    directory: Path,
    *,
    preset: str = "source",
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
    if preset not in PRESETS:
        raise InvalidRequest(f"There is no preset {preset[:40]!r}; there are {', '.join(PRESETS)}.")
    if len({wanted.name for wanted in ranges}) < len(ranges):
        raise InvalidRequest("Two ranges carry the same name; every clip needs its own.")
    wanted = [entry for entry in ranges if entry.start >= 0 and entry.start < entry.end < float("inf")]
    job: dict[str, JsonValue] = {
        "source": cast("JsonValue", source_options(source, settings)),
        "ranges": [entry.model_dump() for entry in wanted],
        "directory": str(directory),
        "preset": preset,
        "threads": threads,
    }
    done: dict[str, Clip | CutFailure] = {entry.name: _refused(entry) for entry in ranges}
    if wanted:
        answers = await run_python(
            "moments_ray.media.native.cutting.job:cut", job, timeout=timeout, settings=settings, on_progress=progress
        )
        for answer in cast("list[dict[str, Any]]", answers):
            done[answer["name"]] = CutFailure(**answer) if "code" in answer else Clip(**answer)
    return [done[entry.name] for entry in ranges]


def _refused(entry: CutRange) -> CutFailure:
    """Refuse a range that is none."""
    message = f"{entry.start:g}-{entry.end:g} s is not a range; it needs 0 <= start < end."
    return CutFailure(name=entry.name, code=InvalidRequest.code, message=message)
