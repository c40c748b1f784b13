"""Finds the tempo and the beats of a sound that was extracted for recognisers."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, FiniteFloat

from moments_ray.media.process import run_python
from moments_ray.settings import MediaSettings


class Peak(BaseModel):
    """A sudden rise of the sound, ``strength`` in its standard deviations."""

    model_config = ConfigDict(frozen=True)

    time: FiniteFloat
    strength: FiniteFloat


class Beats(BaseModel):
    """Tempo in beats a minute, beats in seconds, and how sure they are (0 to 1): below 0.5 it is hardly music."""

    model_config = ConfigDict(frozen=True)

    tempo: FiniteFloat = 0.0
    beats: tuple[FiniteFloat, ...] = ()
    peaks: tuple[Peak, ...] = ()
    confidence: FiniteFloat = 0.0


async def track_beats(sound: Path, *, settings: MediaSettings, timeout: float) -> Beats:
    """Find the beats of a mono 16-bit WAV, in a child process; the same file always gives the same figures."""
    found = await run_python(
        "moments_ray.media.native.beats:track",
        str(sound),
        timeout=timeout,
        settings=settings,
        memory_bytes=2 * settings.max_memory_bytes,  # an hour of sound is held as numbers
    )
    return Beats.model_validate(found)
