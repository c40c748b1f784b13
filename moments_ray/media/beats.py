"""Finds the tempo and the beats of a sound that was extracted for recognisers."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from pydantic import BaseModel, ConfigDict, FiniteFloat

from moments_ray.errors import MediaToolMissing
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
    """Find the beats of a mono 16-bit WAV, in a child process; the same file always gives the same figures.

    Raises:
        MediaToolMissing: librosa is to do it, and is not installed.
    """
    by_librosa = settings.beats == "librosa"
    if by_librosa and importlib.util.find_spec("librosa") is None:
        raise MediaToolMissing("Beats are to be found by librosa: install moments-ray[audio], or unset MEDIA__BEATS.")
    found = await run_python(
        f"moments_ray.media.native.{'librosa_beats' if by_librosa else 'beats'}:track",
        str(sound),
        timeout=timeout,
        settings=settings,
        # An hour of sound is held as numbers; librosa brings a compiler.
        memory_bytes=(4 if by_librosa else 2) * settings.max_memory_bytes,
    )
    return Beats.model_validate(found)
