"""Positions in a source: decimal seconds outside, exact rational time and stream ticks inside."""

from __future__ import annotations

import math
from fractions import Fraction

# Seconds come through floats and JSON; half a microsecond of rounding must not move a cut to the next frame.
TOLERANCE = Fraction(1, 1_000_000)


def exact(seconds: float) -> Fraction:
    """Return the decimal number that was meant: 47.92 is 1198/25 and not the float just above or below it."""
    return Fraction(repr(float(seconds)))


def tick_at_or_after(position: Fraction, time_base: Fraction) -> int:
    """Return the first tick that is not before a position; both count from the same zero."""
    return math.ceil((position - TOLERANCE) / time_base)
