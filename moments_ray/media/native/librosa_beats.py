"""Finds the beats of a sound by librosa, in a child process; peaks and confidence are those of our own tracker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from moments_ray.media.native.beats import Sound, described, heard


def track(path: str, _report_progress: Callable[[float], None]) -> dict[str, Any]:
    """Return tempo (beats a minute), beats, energy peaks and confidence (0 to 1) of a mono 16-bit WAV; in seconds."""
    sound = heard(path)
    return described(sound, _beats) if sound.audible else described(sound, lambda *_: np.zeros(0))


def _beats(sound: Sound, _strength: object, _period: float) -> Any:
    import librosa  # noqa: PLC0415 - of an extra, and half a gigabyte

    _, times = librosa.beat.beat_track(y=sound.samples.astype(np.float32), sr=sound.rate, units="time")
    return np.asarray(times, np.float64)
