"""``moments cut``: frame-accurate clips of given ranges."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from moments_ray.cli.ranges import read_range, read_ranges
from moments_ray.cli.source import examine, require_writable
from moments_ray.errors import InvalidRequest, MediaError, MomentsError, all_errors
from moments_ray.media.cut import PRESETS, Clip, CutFailure, CutRange, cut_clips
from moments_ray.media.download import download
from moments_ray.settings import Settings

_TIMEOUT_SECONDS = 6 * 3600.0
_MOST_RANGES = 1000


async def cut(
    source: str, given: Sequence[str], ranges_file: Path | None, *, preset: str, out: Path, settings: Settings
) -> tuple[dict[str, Any], int]:
    """Cut every range and return the document and the exit status: 3 when some could not be cut.

    Raises:
        InputError: the source, or every range, is no good; nothing was written.
        MediaError: no range could be cut.
    """
    if preset not in PRESETS:
        raise InvalidRequest(f"there is no preset {preset[:40]!r}; there are {', '.join(PRESETS)}")
    wanted = [*(read_range(text) for text in given), *(read_ranges(ranges_file) if ranges_file else ())]
    ranges = [_named(rank, start, end) for rank, (start, end) in enumerate(wanted, start=1)]
    if not 1 <= len(ranges) <= _MOST_RANGES:
        raise InvalidRequest(f"give from 1 to {_MOST_RANGES} ranges: --range A-B, in seconds, or --ranges FILE")
    require_writable(out)
    async with _local(source, settings) as path:
        cuts = await _cut_into(out, path, ranges, preset=preset, settings=settings)
    clips = [_entry(one) for one in cuts if isinstance(one, Clip)]
    errors = [one.model_dump(mode="json") for one in cuts if isinstance(one, CutFailure)]
    return {"clips": clips, "errors": errors}, 3 if errors else 0


async def _cut_into(
    out: Path, source: Path, ranges: Sequence[CutRange], *, preset: str, settings: Settings
) -> Sequence[Clip | CutFailure]:
    """Cut into a directory that is made if need be, and is not left behind empty."""
    missing = [directory for directory in (out, *out.parents) if not directory.exists()]
    out.mkdir(parents=True, exist_ok=True)
    try:
        cuts = await cut_clips(
            source,
            ranges,
            out,
            preset=preset,
            settings=settings.media,
            threads=os.cpu_count() or 1,
            timeout=_TIMEOUT_SECONDS,
        )
    finally:
        with contextlib.suppress(OSError):  # not empty: there is a clip in it
            for directory in missing:
                directory.rmdir()
    failures = [one for one in cuts if isinstance(one, CutFailure)]
    if len(failures) == len(cuts):
        raise _none_cut(failures)
    return cuts


def _none_cut(failures: Sequence[CutFailure]) -> MomentsError:
    first = failures[0]
    kind = next((kind for kind in all_errors() if kind.code == first.code), MediaError)
    if len(failures) == 1:
        return kind(first.message)
    return kind(f"None of the {len(failures)} ranges could be cut, the first for this reason: {first.message}")


def _named(rank: int, start: float, end: float) -> CutRange:
    return CutRange(name=f"{rank:02}-{start:.3f}".replace(".", "_"), start=start, end=end)


def _entry(clip: Clip) -> dict[str, Any]:
    names = {"path", "start_time", "end_time", "method", "frames", "bytes", "fallback_reason"}
    return clip.model_dump(mode="json", include=names)


@asynccontextmanager
async def _local(source: str, settings: Settings) -> AsyncIterator[Path]:
    """Give the source as a file; a URL's is fetched for the time of the cut."""
    named = await examine(source, settings)
    if named.source.path is not None:
        yield Path(named.source.path)
        return
    with tempfile.TemporaryDirectory(prefix="moments-cut-") as directory:
        yield (await download(source, Path(directory), settings)).path
