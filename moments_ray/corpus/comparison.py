"""How two sets of moments of one video differ, by overlap in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

_SAME_OVERLAP = 0.5  # of the time that two moments take together, from which on they are one that moved
_SAME_EDGE_SECONDS = 0.05


class Span(NamedTuple):
    """A moment of a set; times are seconds of the source."""

    identifier: str
    title: str
    start: float
    end: float


@dataclass
class Comparison:
    """What became of the moments of one set in another; pairs hold the earlier one first."""

    kept: list[tuple[Span, Span]] = field(default_factory=list)
    moved: list[tuple[Span, Span]] = field(default_factory=list)
    new: list[Span] = field(default_factory=list)
    gone: list[Span] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of each."""
        return {name: len(getattr(self, name)) for name in ("kept", "moved", "new", "gone")}


def compared(before: Sequence[Span], after: Sequence[Span]) -> Comparison:
    """Compare two sets: each moment has at most one counterpart, the pairs that overlap most first."""
    pairs = sorted(
        ((overlap(old, new), i, j) for i, old in enumerate(before) for j, new in enumerate(after)),
        key=lambda pair: (-pair[0], pair[1], pair[2]),
    )
    found = Comparison()
    old_left, new_left = dict(enumerate(before)), dict(enumerate(after))
    for share, i, j in pairs:
        if share < _SAME_OVERLAP:
            break
        if i in old_left and j in new_left:
            old, new = old_left.pop(i), new_left.pop(j)
            (found.kept if _same_edges(old, new) else found.moved).append((old, new))
    found.new, found.gone = list(new_left.values()), list(old_left.values())
    return found


def overlap(one: Span, other: Span) -> float:
    """Return the time that two moments share, by the time that they take together: 0 to 1."""
    shared = min(one.end, other.end) - max(one.start, other.start)
    together = max(one.end, other.end) - min(one.start, other.start)
    return max(0.0, shared) / together if together > 0 else 0.0


def _same_edges(one: Span, other: Span) -> bool:
    return abs(one.start - other.start) <= _SAME_EDGE_SECONDS and abs(one.end - other.end) <= _SAME_EDGE_SECONDS
