"""The child's side of a cut: one source opened once, its ranges cut one after another, each with its own outcome."""

from __future__ import annotations

import errno
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import av
from pydantic import JsonValue

from moments_ray.errors import MediaError, MomentsError
from moments_ray.media.native.cutting.cutter import ClipSpec, Cutter, Fields
from moments_ray.media.native.cutting.plan import CannotCopy
from moments_ray.media.native.cutting.reader import require_memory

if TYPE_CHECKING:
    from moments_ray.media.native.cutting.remote import RemoteFile
    from moments_ray.media.source import SourceOptions

# These would meet the next range as well, and the process module knows their cures.
_FOR_THE_WHOLE_JOB = frozenset({errno.ENOMEM, errno.ENOSPC, errno.EFBIG, errno.EDQUOT})


class Remote(TypedDict):
    """A source that is not a file here: its address, and the fields of DownloadSettings."""

    url: str
    settings: dict[str, JsonValue]


class Job(TypedDict):
    """What the parent asks for; JSON."""

    source: SourceOptions
    remote: Remote | None
    clips: list[ClipSpec]
    directory: str
    threads: int


class Answer(TypedDict):
    """The fields of Clips and CutFailures; of a remote source also its size and how much of it was fetched."""

    outcomes: list[Fields]
    source_bytes: int
    fetched_bytes: int


def cut(job: Job, report_progress: Callable[[float], None]) -> Answer:
    """Cut every clip of one source; a range that fails does not touch the others."""
    if job["remote"] is None:
        return Answer(outcomes=_cut(job, None, report_progress), source_bytes=0, fetched_bytes=0)
    # Only here: the HTTP client costs half of this child's start.
    from moments_ray.media.native.cutting.remote import RemoteFile  # noqa: PLC0415
    from moments_ray.settings import DownloadSettings  # noqa: PLC0415

    parts = Path(job["directory"]) / "source.parts"
    settings = DownloadSettings.model_validate(job["remote"]["settings"])
    try:
        with closing(RemoteFile(job["remote"]["url"], settings, parts)) as remote:
            outcomes = _cut(job, remote, report_progress)
            return Answer(outcomes=outcomes, source_bytes=remote.size, fetched_bytes=remote.fetched)
    finally:
        parts.unlink(missing_ok=True)


def _cut(job: Job, remote: RemoteFile | None, report_progress: Callable[[float], None]) -> list[Fields]:
    results: list[Fields] = []
    spans: dict[tuple[float, float], list[ClipSpec]] = {}
    for spec in job["clips"]:
        spans.setdefault((spec["start"], spec["end"]), []).append(spec)
    with closing(Cutter(job["source"], remote, Path(job["directory"]), job["threads"])) as cutter:
        for same in spans.values():
            results += _cut_range(cutter, same)
            report_progress(len(results) / len(job["clips"]))
    return results


def _cut_range(cutter: Cutter, same: list[ClipSpec]) -> list[Fields]:
    """Cut clips of one and the same range: by copying where that can be, the rest in one pass of decoding."""
    results: list[Fields] = []
    reencoded: list[tuple[ClipSpec, str | None]] = []
    for spec in same:
        if not cutter.copies(spec):
            reencoded.append((spec, None))
            continue
        try:
            results.append(cutter.copy(spec))
        except CannotCopy as reason:
            reencoded.append((spec, str(reason)))
        except (MomentsError, av.error.FFmpegError) as error:
            results.append(_failed(spec, error))
    try:
        return results + (cutter.encode(reencoded) if reencoded else [])
    except (MomentsError, av.error.FFmpegError) as error:
        return results + [_failed(spec, error) for spec, _ in reencoded]


def _failed(spec: ClipSpec, error: MomentsError | av.error.FFmpegError) -> Fields:
    """Return the fields of a CutFailure; raises again what concerns the whole job."""
    if isinstance(error, MomentsError):
        return {"name": spec["name"], "code": error.code, "message": str(error)}
    if error.errno in _FOR_THE_WHOLE_JOB:
        raise error
    require_memory()
    message = f"The range could not be cut: {error.strerror}."
    if isinstance(error, av.error.ExternalError):
        # Which is all that x264 and x265 say; by now they have given back what they had.
        message = "An encoder gave up, as they do when memory is short: raise MOMENTS_MEDIA__MAX_MEMORY_BYTES."
    return {"name": spec["name"], "code": MediaError.code, "message": message}
