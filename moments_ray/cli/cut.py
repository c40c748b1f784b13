"""``moments cut``: frame-accurate clips of given ranges."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moments_ray.cli.options import option_name
from moments_ray.cli.ranges import read_range, read_ranges
from moments_ray.cli.source import examine, read_captions_file, require_writable
from moments_ray.errors import DownloadUnavailable, InvalidRequest, MediaError, MomentsError, error_of_code
from moments_ray.http.schemas.options import checked
from moments_ray.library.service import Address
from moments_ray.media.cut import Clip, CutFailure, CutRange, cut_clips, cut_clips_of_url
from moments_ray.media.download import download, names_file
from moments_ray.media.presets import PRESETS, Preset
from moments_ray.moments.options import CutOptions, PaddedCutOptions
from moments_ray.moments.stages.clips import drawn_captions
from moments_ray.settings import Settings
from moments_ray.speech.captions import read_captions, write_srt

_TIMEOUT_SECONDS = 6 * 3600.0
_MOST_CLIPS = 1000


@dataclass(frozen=True)
class CutArguments:
    """What the command line asks for: texts and paths as they were given; a clip of each range for each preset."""

    source: str
    ranges: Sequence[str]
    ranges_file: Path | None
    presets: Sequence[str]
    captions: Path | None
    options: PaddedCutOptions
    out: Path


async def cut_ranges(arguments: CutArguments, settings: Settings) -> tuple[dict[str, Any], int]:
    """Cut every range for every preset and return the document and the exit status: 3 when some could not be cut.

    Raises:
        InputError: the source, or every range, is no good; nothing was written.
        MediaError: no range could be cut.
    """
    asked = {checked(CutOptions, {"preset": each}, option_name).preset for each in arguments.presets}
    presets = [each for each in PRESETS if each in asked] or [arguments.options.preset]
    burn, padding = arguments.options.burn_captions, arguments.options.padding
    if burn and arguments.captions is None:
        raise InvalidRequest(
            "Captions can be drawn into the pictures where there are any: name their file with --captions."
        )
    spoken = read_captions(read_captions_file(arguments.captions)) if arguments.captions else None
    spans = [*(read_range(text) for text in arguments.ranges)]
    spans += read_ranges(arguments.ranges_file) if arguments.ranges_file else ()
    burned = drawn_captions(spoken) if spoken is not None and burn else ()
    ranges = [
        CutRange(
            name=_name(rank, start, preset, presets),
            start=max(0.0, start - padding),
            end=end + padding,
            preset=preset,
            captions=burned,
        )
        for rank, (start, end) in enumerate(spans, start=1)
        for preset in presets
    ]
    if not 1 <= len(ranges) <= _MOST_CLIPS:
        raise InvalidRequest(f"Give ranges for 1 to {_MOST_CLIPS} clips: --range A-B, in seconds, or --ranges FILE.")
    require_writable(arguments.out)
    address = await examine(arguments.source, settings)
    with _created(arguments.out):
        cuts = await _cut(address, ranges, arguments.out, settings)
    clips = [one for one in cuts if isinstance(one, Clip)]
    failures = [one for one in cuts if isinstance(one, CutFailure)]
    if not clips:
        raise _none_cut(failures)
    if spoken is not None and not burn:
        for clip in clips:
            clip.path.with_suffix(".srt").write_text(write_srt(spoken, clip.start_time, clip.end_time))
    document = {
        "clips": [_entry(one) for one in clips],
        "errors": [one.model_dump(mode="json") for one in failures],
        "warnings": list(address.warnings),
    }
    return document, 3 if failures else 0


async def _cut(
    named: Address, ranges: Sequence[CutRange], out: Path, settings: Settings
) -> Sequence[Clip | CutFailure]:
    """Cut from a file, from the parts of a remote one that are needed, or from one that must be fetched whole."""
    threads = os.cpu_count() or 1
    url = named.url or ""
    if named.path is not None:
        return await cut_clips(
            Path(named.path), ranges, out, settings=settings.media, threads=threads, timeout=_TIMEOUT_SECONDS
        )
    if names_file(url):
        # A host that sends whole files only is worth a download, and one that has no such file says so again.
        with contextlib.suppress(DownloadUnavailable):
            remote = await cut_clips_of_url(
                url, ranges, out, settings=settings, threads=threads, timeout=_TIMEOUT_SECONDS
            )
            return remote.clips
    with tempfile.TemporaryDirectory(prefix="moments-cut-") as directory:
        path = (await download(url, Path(directory), settings)).path
        return await cut_clips(path, ranges, out, settings=settings.media, threads=threads, timeout=_TIMEOUT_SECONDS)


@contextlib.contextmanager
def _created(directory: Path) -> Iterator[None]:
    """Make a directory if need be, and do not leave it behind empty."""
    missing = [one for one in (directory, *directory.parents) if not one.exists()]
    directory.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # not empty: there is a clip in it
            for one in missing:
                one.rmdir()


def _name(rank: int, start: float, preset: Preset, presets: Sequence[Preset]) -> str:
    name = f"{rank:02}-{start:.3f}".replace(".", "_")
    return name if len(presets) == 1 else f"{name}-{preset}"


def _none_cut(failures: Sequence[CutFailure]) -> MomentsError:
    first = failures[0]
    kind = error_of_code(first.code, MediaError)
    if len(failures) == 1:
        return kind(first.message)
    return kind(f"None of the {len(failures)} clips could be cut, the first for this reason: {first.message}")


def _entry(clip: Clip) -> dict[str, Any]:
    names = {"path", "preset", "start_time", "end_time", "method", "frames", "bytes", "fallback_reason"}
    return clip.model_dump(mode="json", include=names)
