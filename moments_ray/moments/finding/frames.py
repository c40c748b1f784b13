"""The frame grid of a source."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

_SAME_INSTANT = 1e-6  # a time that went through JSON or a division is still the frame it was


@dataclass(frozen=True)
class FrameGrid:
    """When a source's frames begin, in seconds: every ``1 / fps`` from the ``first`` on, or at ``times`` that vary."""

    fps: float | None = None
    times: Sequence[float] = ()
    first: float = 0.0

    def around(self, position: float) -> list[float]:
        """Return the frames on both sides of a position, or the one it is on."""
        frames = (self.at_or_before(position), self.at_or_after(position))
        return sorted({frame for frame in frames if frame is not None})

    def at_or_before(self, position: float) -> float | None:
        """Return the last frame that begins no later than a position."""
        if self.times:
            at = bisect_right(self.times, position + _SAME_INSTANT) - 1
            return self.times[at] if at >= 0 else None
        if not self.fps or position < self.first - _SAME_INSTANT:
            return None
        return self.first + math.floor((position - self.first + _SAME_INSTANT) * self.fps) / self.fps

    def at_or_after(self, position: float) -> float | None:
        """Return the first frame that begins no earlier than a position."""
        if self.times:
            at = bisect_left(self.times, position - _SAME_INSTANT)
            return self.times[at] if at < len(self.times) else None
        if not self.fps:
            return None
        return self.first + max(0, math.ceil((position - self.first - _SAME_INSTANT) * self.fps)) / self.fps
