"""The sound effects that are built in: synthesised, so that there are no files and no licences, and always the same."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from moments_ray.media.render.plan import SAMPLE_RATE, SoundName

SOUNDS: tuple[SoundName, ...] = get_args(SoundName)
VERSION = 1
"""Raised when a sound is another one than before."""

Samples = NDArray[np.float64]
_PEAK = 0.9


def write_sound(name: SoundName, path: Path) -> Path:
    """Write a sound effect as 16-bit stereo WAV at 48 kHz; returns its path."""
    heard = _SOUNDS[name]()
    samples = np.int16(heard / np.abs(heard).max() * _PEAK * 32767)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(np.repeat(samples, 2).tobytes())
    return path


def _time(seconds: float) -> Samples:
    return np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE


def _noise(length: int) -> Samples:
    return np.random.default_rng(VERSION).standard_normal(length)


def _swept_noise(seconds: float, low: float, high: float) -> Samples:
    """Return noise through a one-pole low-pass whose corner moves from one frequency (Hz) to another."""
    noise = _noise(round(seconds * SAMPLE_RATE))
    corners = np.geomspace(low, high, len(noise))
    share = 1 - np.exp(-2 * np.pi * corners / SAMPLE_RATE)
    passed = np.empty_like(noise)
    level = 0.0
    for at, (value, part) in enumerate(zip(noise, share, strict=True)):
        level += part * (value - level)
        passed[at] = level
    return passed


def _whoosh() -> Samples:
    passed = _swept_noise(0.5, 300, 6000)
    return np.asarray(passed * np.sin(np.linspace(0, np.pi, len(passed))) ** 2)


def _riser() -> Samples:
    time = _time(1.2)
    tone = np.sin(2 * np.pi * (220 * time + 330 * time**2))
    return np.asarray((0.4 * tone + _swept_noise(1.2, 200, 8000)) * (time / time[-1]) ** 2)


def _pop() -> Samples:
    time = _time(0.12)
    return np.sin(2 * np.pi * (500 * time - 1500 * time**2)) * np.exp(-time * 45)


def _hit() -> Samples:
    time = _time(0.6)
    return np.sin(2 * np.pi * 55 * time) * np.exp(-time * 9) + 0.3 * _noise(len(time)) * np.exp(-time * 60)


def _click() -> Samples:
    time = _time(0.03)
    return _noise(len(time)) * np.exp(-time * 300)


def _ding() -> Samples:
    time = _time(0.9)
    partials = ((1.0, 1320.0), (0.5, 2640.0), (0.25, 3971.0))
    return sum((part * np.sin(2 * np.pi * tone * time) for part, tone in partials), 0 * time) * np.exp(-time * 5)


_SOUNDS: dict[SoundName, Callable[[], Samples]] = {
    "whoosh": _whoosh,
    "pop": _pop,
    "hit": _hit,
    "riser": _riser,
    "click": _click,
    "ding": _ding,
}
