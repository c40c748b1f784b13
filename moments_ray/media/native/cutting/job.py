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
from moments_ray.media.native.cutting.cutter import Cutter

if TYPE_CHECKING:
    from moments_ray.media.native.cutting.remote import RemoteFile
    from moments_ray.media.source import SourceOptions

# These would meet the next range as well, and the process module knows their cures.
_FOR_THE_WHOLE_JOB = frozenset({errno.ENOMEM, errno.ENOSPC, errno.EFBIG, errno.EDQUOT})


# The fields of a Clip or of a CutFailure.
Outcome = dict[str, JsonValue]


class Range(TypedDict):
    """One range to cut, in seconds from the start of the source."""

    name: str
    start: float
    end: float


class Remote(TypedDict):
    """A source that is not a file here: its address, and the fields of DownloadSettings."""

    url: str
    settings: dict[str, JsonValue]


class Job(TypedDict):
    """What the parent asks for; JSON."""

    source: SourceOptions
    remote: Remote | None
    ranges: list[Range]
    directory: str
    preset: str
    threads: int


class Answer(TypedDict):
    """What came of it; of a remote source also its size and how much of it was fetched."""

    outcomes: list[Outcome]
    source_bytes: int
    fetched_bytes: int


def cut(job: Job, report_progress: Callable[[float], None]) -> Answer:
    """Cut every range of one source; a range that fails does not touch the others."""
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


def _cut(job: Job, remote: RemoteFile | None, report_progress: Callable[[float], None]) -> list[Outcome]:
    results: list[Outcome] = []
    cutter = Cutter(job["source"], remote, Path(job["directory"]), job["preset"], job["threads"])
    try:
        for number, wanted in enumerate(job["ranges"], 1):
            try:
                results.append(cutter.cut(wanted["name"], wanted["start"], wanted["end"]))
            except MomentsError as error:
                results.append(_failed(wanted, error.code, str(error)))
            except av.error.FFmpegError as error:
                if error.errno in _FOR_THE_WHOLE_JOB:
                    raise
                message = f"The range could not be cut: {error.strerror}."
                results.append(_failed(wanted, MediaError.code, message))
            report_progress(number / len(job["ranges"]))
    finally:
        cutter.close()
    return results


def _failed(wanted: Range, code: str, message: str) -> Outcome:
    return {"name": wanted["name"], "code": code, "message": message}
