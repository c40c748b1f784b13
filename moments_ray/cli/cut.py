"""``moments cut``: frame-accurate clips of given ranges."""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import typer

from moments_ray.cli.source import examine, require_writable
from moments_ray.errors import InvalidRequest, MediaError, MomentsError, SourceNotFound, all_errors
from moments_ray.media.cut import Clip, CutFailure, CutRange, cut_clips
from moments_ray.media.download import download
from moments_ray.settings import Settings

_RANGE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*-\s*(\d+(?:\.\d+)?)\s*")
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
    if preset != "source":
        raise InvalidRequest(f"there is no preset {preset[:40]!r}; there is source")
    ranges = [_range(text, at) for at, text in enumerate([*given, *_read(ranges_file)], start=1)]
    if not 1 <= len(ranges) <= _MOST_RANGES:
        raise InvalidRequest(f"give from 1 to {_MOST_RANGES} ranges: --range A-B, in seconds, or --ranges FILE")
    require_writable(out)
    async with _local(source, settings) as path:
        cuts = await _cut_into(out, path, ranges, settings)
    clips = [_entry(one) for one in cuts if isinstance(one, Clip)]
    errors = [one.model_dump(mode="json") for one in cuts if isinstance(one, CutFailure)]
    for clip in clips:
        typer.echo(
            f"{clip['path']}  {clip['start_time']:.3f}-{clip['end_time']:.3f} s, {clip['frames']} frames,"
            f" {clip['method']}",
            err=True,
        )
    for error in errors:
        typer.echo(f"error: {error['message']} [{error['code']}]", err=True)
    return {"clips": clips, "errors": errors}, 3 if errors else 0


async def _cut_into(
    out: Path, source: Path, ranges: Sequence[CutRange], settings: Settings
) -> Sequence[Clip | CutFailure]:
    """Cut into a directory that is made if need be, and is not left behind empty."""
    missing = [directory for directory in (out, *out.parents) if not directory.exists()]
    out.mkdir(parents=True, exist_ok=True)
    try:
        cuts = await cut_clips(
            source, ranges, out, settings=settings.media, threads=os.cpu_count() or 1, timeout=_TIMEOUT_SECONDS
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


def _entry(clip: Clip) -> dict[str, Any]:
    names = {"path", "start_time", "end_time", "method", "frames", "bytes", "fallback_reason"}
    return clip.model_dump(mode="json", include=names)


def _range(text: str, rank: int) -> CutRange:
    match = _RANGE.fullmatch(text)
    if match is None or not float(match[1]) < float(match[2]) < math.inf:
        raise InvalidRequest(f"{text[:60]!r} is not a range: write A-B in seconds with A before B, as 12.5-47")
    return CutRange(name=f"{rank:02}-{match[1].replace('.', '_')[:40]}", start=float(match[1]), end=float(match[2]))


def _read(path: Path | None) -> list[str]:
    """Return the ranges of a file: one A-B a line, or a JSON list of them or of pairs."""
    if path is None:
        return []
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceNotFound(f"the file of ranges {path} cannot be read: {error}") from error
    if not text.lstrip().startswith("["):
        return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    try:
        entries = json.loads(text)
    except ValueError as error:
        raise InvalidRequest(f"the file of ranges {path} is not JSON: {error}") from error
    return ["-".join(str(edge) for edge in e) if isinstance(e, list) else str(e) for e in entries]


@asynccontextmanager
async def _local(source: str, settings: Settings) -> AsyncIterator[Path]:
    """Give the source as a file; a URL's is fetched for the time of the cut."""
    named = await examine(source, settings)
    if named.source.path is not None:
        yield Path(named.source.path)
        return
    with tempfile.TemporaryDirectory(prefix="moments-cut-") as directory:
        yield (await download(source, Path(directory), settings)).path
