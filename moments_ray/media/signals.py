"""Measures a video's cuts, silences, loudness and motion, for choosing and placing moments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, FiniteFloat

from moments_ray.media.probe import MediaInfo
from moments_ray.media.process import run_python
from moments_ray.media.source import source_options
from moments_ray.settings import MediaSettings


class Signals(BaseModel):
    """What can be seen and heard of a video without understanding it; times in seconds from its start."""

    model_config = ConfigDict(frozen=True)

    shots: tuple[FiniteFloat, ...] = ()
    """When each new shot begins, the video's first not among them: its first frame, or a frame close to it where cuts
    are too many to decode around each."""
    silences: tuple[tuple[FiniteFloat, FiniteFloat], ...] = ()
    """Start and end of each stretch of at least 0.25 s far below the usual level; none if there is no sound track."""
    loudness: tuple[FiniteFloat, ...] = ()
    """Level in dBFS, -100 to 0, of each 0.1 s; none if there is no sound track."""
    motion: tuple[FiniteFloat, ...] = ()
    """Bits a pixel spent on changes in each second: comparable within one video only; none if only key frames."""


async def measure(
    source: Path,
    info: MediaInfo,
    *,
    settings: MediaSettings,
    threads: int,
    timeout: float,
    on_progress: Callable[[float], None] | None = None,
) -> Signals:
    """Measure a probed source in one pass and little decoding; the same file always gives the same figures.

    Raises as ``media.probe.probe``.
    """
    job = {
        "source": source_options(source, settings),
        "duration": info.duration,
        "audio_index": info.default_audio.index if info.default_audio is not None else None,
        "threads": threads,
    }
    fields = await run_python(
        "moments_ray.media.native.signals:measure", job, timeout=timeout, settings=settings, on_progress=on_progress
    )
    return Signals.model_validate(fields)
