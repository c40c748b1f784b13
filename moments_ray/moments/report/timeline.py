"""Where things stand on the report's time line: moments, ticks and the waveform as SVG coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from moments_ray.moments.finding.moment import clock
from moments_ray.moments.report.document import Chapter, Moment, Replays

TONES = 6  # colours the style sheet has for moments

# The line is at least this wide where it is read; on a phone blocks are smaller and lead to the same moments.
_LINE_PIXELS = 700
_LEAST_PIXELS = 6
_NUMBER_PIXELS = 18
_ROWS = 3
_WAVEFORM_POINTS = 600
_MOST_TICKS = 7
_TICK_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)


@dataclass(frozen=True)
class Block:
    """A moment on the time line; positions in per cent of its width.

    ``row`` is the one of the rows below the line that its bar is in; ``numbered`` tells whether a number fits into it.
    """

    left: float
    width: float
    row: int = 0
    numbered: bool = True

    @property
    def middle(self) -> float:
        """The centre of the block."""
        return self.left + self.width / 2


@dataclass(frozen=True)
class Tick:
    """A labelled time; its position in per cent, and how its label is anchored there."""

    left: float
    label: str
    anchor: str


def block(moment: Moment, duration: float) -> Block:
    """RunRef a moment, cut off at the ends of the line."""
    left = min(max(moment.start_time / duration, 0.0), 1.0)
    right = min(max(moment.end_time / duration, left), 1.0)
    return Block(round(100 * left, 4), round(100 * (right - left), 4))


def blocks(moments: Sequence[Moment], duration: float) -> tuple[Block, ...]:
    """Place moments so that each can be seen and chosen: none too narrow, those that would touch in rows."""
    least = 100 * _LEAST_PIXELS / _LINE_PIXELS
    placed: list[Block] = []
    ends = [-1.0] * _ROWS
    for plain in (block(moment, duration) for moment in moments):
        width = max(plain.width, least)
        left = min(plain.left, 100 - width)
        row = next((row for row, end in enumerate(ends) if end <= left), ends.index(min(ends)))
        ends[row] = left + width
        placed.append(Block(round(left, 4), round(width, 4), row, width >= 100 * _NUMBER_PIXELS / _LINE_PIXELS))
    return tuple(placed)


def ticks(duration: float) -> tuple[Tick, ...]:
    """Return at most seven round times from 0 on."""
    step = next((step for step in _TICK_SECONDS if duration / step < _MOST_TICKS), duration / 4)
    times = [number * step for number in range(int(duration / step) + 1)]
    return tuple(
        Tick(
            round(100 * time / duration, 4),
            clock(time),
            "start" if time == 0 else "end" if time > 0.97 * duration else "middle",
        )
        for time in times
    )


def chapter_marks(chapters: Sequence[Chapter], duration: float) -> tuple[tuple[float, str], ...]:
    """Return where chapters begin, in per cent of the line, with their titles; what lies past the end is left out."""
    inside = [each for each in chapters if each.start_time < duration]
    return tuple((round(100 * each.start_time / duration, 4), each.title) for each in inside)


def replay_path(replays: Sequence[Replays], duration: float) -> str:
    """Draw how often each piece was replayed as a closed shape, 1000 wide and 100 high."""
    points = [
        f"{min(1000.0, max(0.0, 1000 * edge / duration)):.1f},{100 - 96 * min(max(piece.value, 0.0), 1.0):.1f}"
        for piece in replays
        for edge in (piece.start_time, piece.end_time)
    ]
    return f"M0,100 L{' L'.join(points)} L1000,100 Z" if points else ""


def waveform_path(levels: Sequence[float]) -> str:
    """Draw levels (any positive scale, evenly spaced) as a closed, mirrored shape, 1000 wide and 100 high."""
    heights = np.abs(np.nan_to_num(np.asarray(levels, dtype=np.float64), posinf=0.0, neginf=0.0))
    if heights.size > _WAVEFORM_POINTS:
        edges = np.linspace(0, heights.size, _WAVEFORM_POINTS + 1).astype(int)[:-1]
        heights = np.maximum.reduceat(heights, edges)
    peak = float(heights.max(initial=0.0))
    if peak > 0:
        heights = heights / peak
    xs = np.linspace(0, 1000, heights.size) if heights.size > 1 else np.zeros(heights.size)
    upper = [f"{x:.1f},{50 - max(48 * y, 0.5):.1f}" for x, y in zip(xs, heights, strict=True)]
    lower = [f"{x:.1f},{50 + max(48 * y, 0.5):.1f}" for x, y in zip(xs, heights, strict=True)]
    return "M" + " L".join([*upper, *reversed(lower)]) + " Z" if upper else ""
