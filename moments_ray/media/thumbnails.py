"""Makes still pictures of a video: the frame on screen at a time, and a strip of evenly spaced ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter

from moments_ray.errors import InvalidRequest
from moments_ray.media.probe import MediaInfo
from moments_ray.media.process import run_python
from moments_ray.media.source import source_options
from moments_ray.settings import MediaSettings


class Picture(BaseModel):
    """A JPEG of the frame shown at ``seconds``; pixels as displayed, after rotation."""

    model_config = ConfigDict(frozen=True)

    path: Path
    seconds: float
    width: int
    height: int


_PICTURES = TypeAdapter(tuple[Picture, ...])


async def thumbnail(
    source: Path, at_seconds: float, target: Path, *, settings: MediaSettings, width: int = 480, timeout: float = 120
) -> Picture:
    """Write the exact frame on screen at ``at_seconds`` to ``target`` (JPEG), at most ``width`` pixels wide.

    A time past the end gives the last frame. Raises as ``media.probe.probe``, and MediaError if nothing can be decoded
    there.
    """
    (picture,) = await _write(source, [(at_seconds, 0.0, target)], settings=settings, width=width, timeout=timeout)
    return picture


async def storyboard(
    source: Path,
    info: MediaInfo,
    directory: Path,
    *,
    settings: MediaSettings,
    count: int = 12,
    width: int = 240,
    timeout: float = 300,
) -> Sequence[Picture]:
    """Write ``count`` evenly spaced pictures of a probed source as ``directory/storyboard-NN.jpg``, in order.

    Each is at, or up to half a step before, the middle of its part of the video: a key frame near enough is cheaper
    than the exact one. Raises as ``thumbnail``.
    """
    step = info.duration / count
    wanted = [
        ((number + 0.5) * step, step / 2, directory / f"storyboard-{number + 1:02d}.jpg") for number in range(count)
    ]
    return await _write(source, wanted, settings=settings, width=width, timeout=timeout)


async def _write(
    source: Path,
    wanted: Sequence[tuple[float, float, Path]],
    *,
    settings: MediaSettings,
    width: int,
    timeout: float,
) -> Sequence[Picture]:
    if any(seconds < 0 for seconds, _, _ in wanted):
        raise InvalidRequest("A picture's time must not be before the video's start.")
    job: dict[str, Any] = {
        "source": source_options(source, settings),
        "wanted": [
            {"seconds": seconds, "tolerance": tolerance, "path": str(path.absolute())}
            for seconds, tolerance, path in wanted
        ],
        "width": width,
        "threads": settings.encoder_threads or 1,
    }
    written = await run_python("moments_ray.media.native.pictures:write", job, timeout=timeout, settings=settings)
    return _PICTURES.validate_python(written)
