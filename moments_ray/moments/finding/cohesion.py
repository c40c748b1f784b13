"""Lexical cohesion between neighbouring stretches of speech, and how deep it drops at each gap.

After M. Hearst, "TextTiling" (Computational Linguistics 23, 1997), block comparison with depth scores.
"""

from __future__ import annotations

import math

import numpy as np

from moments_ray.moments.finding.terms import Floats, TermIndex

SCALES = (50, 120)
_SMOOTHING = 3


def depth_scores(terms: TermIndex) -> Floats:
    """Return one depth per gap between sentences: the sum of the standardised depths at two scales.

    Shape ``(sentences - 1,)``; higher is more of a boundary.
    """
    gaps = max(0, len(terms.ids) - 1)
    total = np.zeros(gaps)
    for scale in SCALES:
        total += standardised(climbs(_similarities(terms, scale)))
    return total


def standardised(values: Floats) -> Floats:
    """Bring values to mean 0 and deviation 1; all zero where they do not differ."""
    deviation = float(values.std()) if values.size else 0.0
    return (values - values.mean()) / deviation if deviation > 1e-12 else np.zeros_like(values)


def _similarities(terms: TermIndex, scale: int) -> Floats:
    """Return the weighted cosine of about ``scale`` tokens before and after each gap."""
    sentences = len(terms.ids)
    similarities = np.zeros(max(0, sentences - 1))
    lengths = np.cumsum([0, *(max(1, len(ids)) for ids in terms.ids)])
    window = _TwoBlocks(terms)
    first, after = 0, 0
    for gap in range(1, sentences):
        while after < sentences and (after <= gap or lengths[after] - lengths[gap] < scale):
            window.enter(after)
            after += 1
        window.cross(gap - 1)
        while first < gap - 1 and lengths[gap] - lengths[first] > scale:
            window.leave(first)
            first += 1
        similarities[gap - 1] = window.cosine()
    return similarities


class _TwoBlocks:
    """The term counts before and after a gap, kept up to date as the gap moves: a token costs the same at any scale."""

    def __init__(self, terms: TermIndex) -> None:
        self._ids = [ids.tolist() for ids in terms.ids]
        self._squares = (terms.weights**2).tolist()
        self._before = [0] * len(self._squares)
        self._after = [0] * len(self._squares)
        self._dot = self._norm_before = self._norm_after = 0.0

    def enter(self, sentence: int) -> None:
        """Add a sentence to the block after the gap."""
        for term in self._ids[sentence]:
            square = self._squares[term]
            self._dot += square * self._before[term]
            self._norm_after += square * (2 * self._after[term] + 1)
            self._after[term] += 1

    def cross(self, sentence: int) -> None:
        """Move a sentence from the block after the gap to the one before it."""
        for term in self._ids[sentence]:
            square = self._squares[term]
            self._after[term] -= 1
            self._dot += square * (self._after[term] - self._before[term])
            self._norm_after -= square * (2 * self._after[term] + 1)
            self._norm_before += square * (2 * self._before[term] + 1)
            self._before[term] += 1

    def leave(self, sentence: int) -> None:
        """Drop a sentence from the block before the gap."""
        for term in self._ids[sentence]:
            square = self._squares[term]
            self._before[term] -= 1
            self._dot -= square * self._after[term]
            self._norm_before -= square * (2 * self._before[term] + 1)

    def cosine(self) -> float:
        """Return how alike the blocks are, 0 to 1."""
        if self._norm_before < 1e-9 or self._norm_after < 1e-9:  # sums of many steps: 0 is not exact
            return 0.0
        return max(0.0, self._dot) / math.sqrt(self._norm_before * self._norm_after)


def _smoothed(values: Floats) -> Floats:
    if values.size < _SMOOTHING:
        return values
    padded = np.pad(values, _SMOOTHING // 2, mode="edge")
    return np.convolve(padded, np.ones(_SMOOTHING) / _SMOOTHING, mode="valid")


def climbs(similarities: Floats) -> Floats:
    """Return at each gap how far likeness, smoothed, climbs to the nearest peaks on both sides."""
    similarities = _smoothed(similarities)
    return _climb(similarities) + _climb(similarities[::-1])[::-1] - 2 * similarities


def _climb(values: Floats) -> Floats:
    peaks = values.copy()
    for at in range(1, len(values)):
        if values[at - 1] >= values[at]:
            peaks[at] = peaks[at - 1]
    return peaks
