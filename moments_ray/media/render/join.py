"""Joins pieces to a film: pictures and sound copied, in step to the sample."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import ffmpeg

from moments_ray.errors import InvalidRequest
from moments_ray.media.process import ffmpeg_executable
from moments_ray.media.render.mix import mix_sound, run_quietly
from moments_ray.media.render.piece import TIME_SCALE
from moments_ray.media.render.plan import RATE, RenderedPiece, SoundPlan
from moments_ray.settings import MediaSettings

_CONCAT = {"f": "concat", "safe": "0", "protocol_whitelist": "file"}


async def join_pieces(
    pieces: Sequence[RenderedPiece],
    sound: SoundPlan,
    directory: Path,
    target: str,
    *,
    settings: MediaSettings,
    timeout: float,
    metadata: dict[str, str] | None = None,
) -> Path:
    """Write the film ``directory/target`` of pieces that are files there, in order; returns its path.

    ``metadata`` are tags of the container, such as ``title``; nothing of the sources' own is kept. Raises
    InvalidRequest without pieces, and what ``run_tool`` raises.
    """
    _require(pieces)
    heard = f"{target}.m4a"
    await mix_sound(pieces, sound, directory, heard, settings=settings, timeout=timeout)
    return await join_with(pieces, heard, directory, target, settings=settings, timeout=timeout, metadata=metadata)


async def join_with(
    pieces: Sequence[RenderedPiece],
    heard: str,
    directory: Path,
    target: str,
    *,
    settings: MediaSettings,
    timeout: float,
    metadata: dict[str, str] | None = None,
) -> Path:
    """Do as ``join_pieces`` with a sound that ``mix_sound`` wrote as ``directory/heard``."""
    _require(pieces)
    pictures = _list(directory, f"{target}.pictures", [(piece.video, piece.frames) for piece in pieces])
    film = ffmpeg.output(
        ffmpeg.input(pictures, **_CONCAT)["v:0"],
        ffmpeg.input(heard, protocol_whitelist="file")["a:0"],
        target,
        c="copy",
        video_track_timescale=TIME_SCALE,
        movie_timescale=TIME_SCALE,
        movflags="+faststart",
        map_metadata=-1,
        fflags="+bitexact",
    )
    argv = ffmpeg.compile(film, cmd=ffmpeg_executable())
    tags = [word for key, value in (metadata or {}).items() for word in ("-metadata", f"{key}={value}")]
    await run_quietly([*argv[:-1], *tags, argv[-1]], directory, settings, timeout)
    return directory / target


def _require(pieces: Sequence[RenderedPiece]) -> None:
    if not pieces:
        raise InvalidRequest("There is nothing to join: a film needs at least one piece.")


def _list(directory: Path, name: str, files: Sequence[tuple[str, int]]) -> str:
    """Write a list for ffmpeg's concat; a length for each file, because headers round to milliseconds."""
    lines = [line for file, frames in files for line in (f"file {file}", f"duration {frames / RATE:.9f}")]
    (directory / f"{name}.txt").write_text("\n".join(["ffconcat version 1.0", *lines, ""]), encoding="utf-8")
    return f"{name}.txt"
