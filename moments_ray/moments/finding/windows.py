"""A transcript in parts that fit a model's context, cut where the subject changes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from moments_ray.moments.finding.segmentation import boundary_strengths
from moments_ray.moments.finding.terms import Floats
from moments_ray.moments.finding.timeline import Timeline

SHORTEST_SECONDS = 900.0
LONGEST_SECONDS = 1200.0
LEAST_OVERLAP_SECONDS = 60.0
MOST_OVERLAP_SECONDS = 90.0

_BYTES_PER_TOKEN = 3.0  # English has about four, Chinese three: this errs on the side that fits
_LINE_TOKENS = 8  # a sentence's number and time


class Window(NamedTuple):
    """A run of sentences by their numbers, both inclusive."""

    first: int
    last: int

    @property
    def sentences(self) -> int:
        """How many there are."""
        return self.last - self.first + 1


def token_counts(timeline: Timeline) -> Floats:
    """Return about how many tokens each sentence takes in a prompt."""
    sizes = [len(part.text.encode("utf-8", "replace")) / _BYTES_PER_TOKEN + _LINE_TOKENS for part in timeline.sentences]
    return np.array(sizes)


def windows(timeline: Timeline, most_tokens: float) -> list[Window]:
    """Return the whole transcript where it fits, else windows of 15 to 20 minutes that overlap by 60 to 90 seconds.

    Windows begin and end at the strongest boundaries in reach, and are shorter where even that does not fit.
    """
    count = len(timeline.sentences)
    if not count:
        return []
    tokens = np.concatenate(([0.0], np.cumsum(token_counts(timeline))))
    if tokens[-1] <= most_tokens:
        return [Window(0, count - 1)]
    strengths = boundary_strengths(timeline.terms, timeline.starts, timeline.ends)
    parts: list[Window] = []
    first = 0
    while True:
        by_tokens = int(np.searchsorted(tokens, tokens[first] + most_tokens, "right")) - 2
        by_seconds = int(np.searchsorted(timeline.ends, timeline.starts[first] + LONGEST_SECONDS, "right")) - 1
        furthest = max(first, min(by_tokens, by_seconds))
        if furthest >= count - 1:
            parts.append(Window(first, count - 1))
            return parts
        nearest = int(np.searchsorted(timeline.ends, timeline.starts[first] + SHORTEST_SECONDS, "left"))
        nearest = min(max(nearest, first), furthest) if nearest <= furthest else first + (furthest - first) * 3 // 4
        last = _strongest(strengths, nearest, furthest)
        parts.append(Window(first, last))
        first = _next_first(timeline, strengths, first, last)


def halves(timeline: Timeline, window: Window) -> tuple[Window, Window]:
    """Part a window of two sentences or more at the strongest boundary of its middle."""
    strengths = boundary_strengths(timeline.terms, timeline.starts, timeline.ends)
    quarter = window.sentences // 4
    cut = _strongest(strengths, window.first + quarter, max(window.first + quarter, window.last - 1 - quarter))
    return Window(window.first, cut), Window(cut + 1, window.last)


def _strongest(strengths: Floats, nearest: int, furthest: int) -> int:
    """Return the sentence from ``nearest`` to ``furthest`` after which the subject changes most, the last of equals."""
    within = strengths[nearest : furthest + 1]
    return furthest - int(np.argmax(within[::-1])) if within.size else nearest


def _next_first(timeline: Timeline, strengths: Floats, first: int, last: int) -> int:
    end = timeline.ends[last]
    nearest = int(np.searchsorted(timeline.starts, end - MOST_OVERLAP_SECONDS, "left"))
    furthest = int(np.searchsorted(timeline.starts, end - LEAST_OVERLAP_SECONDS, "right")) - 1
    nearest = max(nearest, first + 1)
    if furthest < nearest:  # the window is hardly longer than the overlap
        return min(max(nearest, first + (last - first + 1) // 2 + 1), last + 1)
    return _strongest(strengths, nearest - 1, furthest - 1) + 1
