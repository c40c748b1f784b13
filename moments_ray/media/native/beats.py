"""Finds the beats of a sound, in a child process.

Onsets by spectral flux, tempo by autocorrelation, beats by dynamic programming, after D. Ellis, "Beat Tracking by
Dynamic Programming", Journal of New Music Research 36 (2007).
"""

from __future__ import annotations

import wave
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]

_WINDOW, _HOP = 1024, 160
_BANDS = 40
_SLOWEST, _FASTEST = 50.0, 200.0
_USUAL_TEMPO, _TEMPO_SPREAD = 120.0, 0.9
"""Beats a minute, and octaves: between tempi that fit alike, people tap the one nearer to the usual."""
_TIGHTNESS = 300.0
_MOST_PEAKS = 50
_INAUDIBLE = 1e-3
_FEWEST_BEATS = 4
_SEVERAL = (1, 2, 3, 4)
"""How many beats apart a beat must fit, too."""


class Sound(NamedTuple):
    """A sound's samples, -1 to 1, and how many of them a second has."""

    samples: Samples
    rate: int

    @property
    def audible(self) -> bool:
        """Whether it is long and loud enough to have beats."""
        return len(self.samples) >= self.rate and float(np.abs(self.samples).max()) >= _INAUDIBLE


Tracker = Callable[[Sound, Samples, float], Samples]
"""Gives the times of beats (seconds) of a sound, its onsets and the frames between two beats."""


def track(path: str, _report_progress: Callable[[float], None]) -> dict[str, Any]:
    """Return tempo (beats a minute), beats, energy peaks and confidence (0 to 1) of a mono 16-bit WAV; in seconds."""
    return described(heard(path), lambda sound, strength, period: _beats(strength, period) / (sound.rate / _HOP))


def heard(path: str) -> Sound:
    """Read a mono 16-bit WAV."""
    with wave.open(path, "rb") as file:
        return Sound(np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768.0, file.getframerate())


def described(sound: Sound, tracker: Tracker) -> dict[str, Any]:
    """Return a tracker's answer about the beats of a sound."""
    if not sound.audible:
        return {"tempo": 0.0, "beats": [], "peaks": [], "confidence": 0.0}
    strength = _onset_strength(sound.samples, sound.rate)
    per_second = sound.rate / _HOP
    period, confidence = _period(strength, per_second)
    times = tracker(sound, strength, period)
    return {
        "tempo": _tempo(times, 60 * per_second / period),
        "beats": [round(float(time), 3) for time in times],
        "peaks": _peaks(strength, per_second),
        "confidence": round(confidence, 3) if len(times) >= _FEWEST_BEATS else 0.0,
    }


def _onset_strength(sound: Samples, rate: int) -> Samples:
    """Return how much louder each moment is than the one before, over bands as wide as the ear's; mean 0, spread 1."""
    padded = np.pad(sound, _WINDOW // 2)
    window = np.hanning(_WINDOW)
    count = 1 + (len(padded) - _WINDOW) // _HOP
    edges = _band_edges(rate)
    bands = np.empty((count, _BANDS))
    step = 4096
    for start in range(0, count, step):
        rows = np.arange(start, min(start + step, count))
        frames = padded[rows[:, None] * _HOP + np.arange(_WINDOW)] * window
        power = np.abs(np.fft.rfft(frames)) ** 2
        bands[rows] = np.add.reduceat(power, edges, axis=1)[:, :_BANDS]
    level = np.log10(1e-6 + bands)
    rises = np.maximum(0, np.diff(level, axis=0, prepend=level[:1])).mean(axis=1)
    rises -= np.convolve(rises, np.ones(101) / 101, "same")  # what is always there is no onset
    return np.asarray(rises / (rises.std() + 1e-9))


def _band_edges(rate: int) -> NDArray[np.int64]:
    mel = np.linspace(_mel(30), _mel(rate / 2), _BANDS + 1)
    edges = np.round(700 * (10 ** (mel / 2595) - 1) * _WINDOW / rate).astype(np.int64)
    return np.maximum.accumulate(np.maximum(edges[:-1], np.arange(_BANDS) + 1))


def _mel(hertz: float) -> float:
    return float(2595 * np.log10(1 + hertz / 700))


def _period(strength: Samples, per_second: float) -> tuple[float, float]:
    """Return the frames between two beats, and how sure that is."""
    longest = round(60 / _SLOWEST * per_second * _SEVERAL[-1]) + 1
    padded = np.fft.rfft(strength, 2 ** int(np.ceil(np.log2(2 * len(strength)))))
    similar = np.fft.irfft(np.abs(padded) ** 2)[: max(longest, 1)]
    similar = similar / (similar[0] + 1e-9)
    candidates = np.geomspace(60 / _FASTEST, 60 / _SLOWEST, 400) * per_second
    positions = np.arange(len(similar))
    fits = np.mean([np.interp(candidates * several, positions, similar, right=0) for several in _SEVERAL], axis=0)
    octaves = np.log2(60 * per_second / candidates / _USUAL_TEMPO)
    best = int(np.argmax(fits * np.exp(-0.5 * (octaves / _TEMPO_SPREAD) ** 2)))
    return float(candidates[best]), float(np.clip(fits[best] * 2, 0, 1))


def _beats(strength: Samples, period: float) -> Samples:
    """Return the frames of the beats: the chain of onsets that is strong and even."""
    window = np.exp(-0.5 * (np.arange(-round(period / 8), round(period / 8) + 1) * 32 / period) ** 2)
    local = np.convolve(strength, window, "same")
    back = np.arange(-round(2 * period), -round(period / 2))
    cost = -_TIGHTNESS * np.log(-back / period) ** 2
    score, before = local.copy(), np.full(len(local), -1)
    for at in range(len(local)):
        earlier = at + back
        known = earlier >= 0
        if not known.any():
            continue
        chains = score[earlier[known]] + cost[known]
        best = int(np.argmax(chains))
        if chains[best] > 0:
            score[at] = local[at] + chains[best]
            before[at] = earlier[known][best]
    at = len(score) - round(period) + int(np.argmax(score[-round(period) :])) if len(score) > period else 0
    found = []
    while at >= 0:
        found.append(at)
        at = int(before[at])
    return np.asarray([each for each in found[::-1] if local[each] > 0], np.float64)


def _tempo(times: Samples, guess: float) -> float:
    """Return beats a minute by a line through all beats, which is finer than the grid of frames."""
    if len(times) < _FEWEST_BEATS:
        return round(guess, 1)
    numbers = np.round(np.concatenate([[0], np.cumsum(np.diff(times) * guess / 60)]))
    return round(float(60 / np.polyfit(numbers, times, 1)[0]), 1)


def _peaks(strength: Samples, per_second: float) -> list[dict[str, float]]:
    """Return the strongest onsets, at least half a second apart, in order of time."""
    apart = round(per_second / 2)
    found: list[dict[str, float]] = []
    left = strength.copy()
    while len(found) < _MOST_PEAKS:
        at = int(np.argmax(left))
        if left[at] < 2:
            break
        found.append({"time": round(at / per_second, 3), "strength": round(float(strength[at]), 3)})
        left[max(0, at - apart) : at + apart] = -np.inf
    return sorted(found, key=lambda peak: peak["time"])
