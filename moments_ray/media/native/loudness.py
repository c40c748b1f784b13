"""Collects a sound track's power over time, whatever its rate, layout, gaps and late start."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BIN_SECONDS = 0.02
LOUDNESS_SECONDS = 0.1
FLOOR_DECIBELS = -100.0
_BINS_PER_SECOND = 50
_SHORTEST_SILENCE_SECONDS = 0.25
# A silence is a quarter of the way up from the quiet tenth of the track to its loud twentieth, within these (dBFS).
_SILENCE_DECIBELS = (-50.0, -30.0)


class PowerMeter:
    """Adds up the squared samples of a track, mixed to mono, in bins of 20 ms from the source's t = 0."""

    def __init__(self, start: Fraction, longest_seconds: float) -> None:
        self._start = start
        self._most_bins = int(longest_seconds * _BINS_PER_SECOND)
        self._power = np.zeros(0)
        self._mixer: AudioResampler | None = None
        self._mixed: tuple[str, str, int] | None = None

    def add(self, frame: AudioFrame) -> None:
        """Take in one decoded frame; one without a time is left out."""
        if frame.pts is None or frame.time_base is None:
            return
        first = round((frame.pts * frame.time_base - self._start) * frame.sample_rate)
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._mixer is None or self._mixed != shape:
            self._mixer, self._mixed = AudioResampler(format="fltp", layout="mono"), shape
        frame.pts = None
        for mono in self._mixer.resample(frame):
            self._add(mono.to_ndarray()[0].astype(np.float64), first, frame.sample_rate)
            first += mono.samples

    def _add(self, samples: Floats, first: int, rate: int) -> None:
        if first < 0:
            samples, first = samples[-first:], 0
        bins = (first + np.arange(len(samples))) * _BINS_PER_SECOND // rate
        if not len(bins) or bins[-1] >= self._most_bins:
            return
        if bins[-1] >= len(self._power):
            self._power = np.concatenate([self._power, np.zeros(max(int(bins[-1]) + 1 - len(self._power), 3000))])
        sums = np.bincount(bins - bins[0], weights=samples * samples)
        self._power[bins[0] : bins[-1] + 1] += sums * (_BINS_PER_SECOND / rate)

    def decibels(self, seconds: float, step: float) -> Floats:
        """Return the level (dBFS) in steps of ``step`` seconds over the first ``seconds``."""
        width = round(step * _BINS_PER_SECOND)
        count = max(1, int(np.ceil(seconds / step)))
        power = np.zeros(count * width)
        known = self._power[: len(power)]
        power[: len(known)] = known
        means = power.reshape(count, width).mean(axis=1)
        levels: Floats = np.maximum(10 * np.log10(np.maximum(means, 1e-10)), FLOOR_DECIBELS)
        return levels


def silences(decibels: Floats) -> list[tuple[float, float]]:
    """Return the stretches (seconds) of at least 0.25 s below the track's own idea of silence; 20 ms a level."""
    quiet, loud = np.percentile(decibels, [10, 95])
    threshold = float(np.clip(quiet + 0.25 * (loud - quiet), *_SILENCE_DECIBELS))
    below = np.concatenate([[0], (decibels < threshold).astype(np.int8), [0]])
    starts, ends = np.flatnonzero(np.diff(below) == 1), np.flatnonzero(np.diff(below) == -1)
    return [
        (round(float(start) * BIN_SECONDS, 2), round(float(end) * BIN_SECONDS, 2))
        for start, end in zip(starts, ends, strict=True)
        if (end - start) * BIN_SECONDS >= _SHORTEST_SILENCE_SECONDS
    ]
