"""From sentence edges to edges worth cutting at: into the pause, to its quietest part, off shot slivers, on frames."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from moments_ray.media.signals import Signals
from moments_ray.moments.finding.frames import FrameGrid
from moments_ray.moments.finding.moment import Step
from moments_ray.moments.finding.options import Bounds
from moments_ray.moments.finding.scoring import LOUDNESS_SECONDS
from moments_ray.moments.finding.timeline import Timeline

LEAD_SECONDS = 0.35
TAIL_SECONDS = 0.45
SLIVER_SECONDS = 0.5
_SLACK_SECONDS = 0.1  # what frames and cuts may move an edge that no word holds
_QUIET_SECONDS = 0.03
_SMALLEST_MOVE = 1e-4
_SAME_INSTANT = 4e-3  # times of cuts are rounded; no frame is this short


@dataclass(frozen=True)
class EdgeContext:
    """What edges are placed by: the words, what was measured of sound and picture, and the frames, where known."""

    timeline: Timeline
    signals: Signals | None = None
    frames: FrameGrid | None = None


class _EdgeLimits(NamedTuple):
    """How far the start and the end may go, in seconds: never over a word, never past lead and tail."""

    start_from: float
    start_to: float
    end_from: float
    end_to: float

    def keep(self, start: float, end: float) -> tuple[float, float]:
        """Return edges brought into the room, to the microsecond where that stays in it."""
        return _within(start, self.start_from, self.start_to), _within(end, self.end_from, self.end_to)


def _within(position: float, earliest: float, latest: float) -> float:
    kept = min(max(position, earliest), latest)
    rounded = round(kept, 6)
    return rounded if earliest <= rounded <= latest else kept


class _Move(NamedTuple):
    start: float
    end: float
    reason: str


@dataclass(frozen=True)
class _Place:
    """What one move may look at."""

    context: EdgeContext
    bounds: Bounds
    limits: _EdgeLimits

    @property
    def shots(self) -> tuple[float, ...]:
        return tuple(self.context.signals.shots) if self.context.signals is not None else ()

    @property
    def loudness(self) -> tuple[float, ...]:
        return tuple(self.context.signals.loudness) if self.context.signals is not None else ()


def snap(start: float, end: float, context: EdgeContext, bounds: Bounds, *, spoken: bool) -> tuple[Step, ...]:
    """Place the edges of a span; each move is a step, the last one stands.

    Args:
        start: a sentence's start, or, where nothing is spoken, a place outside every word; in seconds.
        end: the same of an end.
        context: what the edges are placed by.
        bounds: where the moment may lie, neighbours taken off, and how long it may be.
        spoken: whether the edges are sentence edges, which want a lead and a tail.
    """
    place = _Place(context, bounds, _edge_limits(start, end, context.timeline, bounds, spoken=spoken))
    steps: list[Step] = []
    for move in (_pause, _quietest, _shots, _length, _frames) if spoken else (_shots, _length, _frames):
        moved = move(start, end, place)
        if moved is None:
            continue
        new_start, new_end = place.limits.keep(moved.start, moved.end)
        too_short = new_end - new_start < min(bounds.shortest, end - start)
        if not too_short and max(abs(new_start - start), abs(new_end - end)) > _SMALLEST_MOVE:
            start, end = new_start, new_end
            steps.append(Step(step="snap", start_time=start, end_time=end, reason=moved.reason))
    return tuple(steps)


def slivers(start: float, end: float, signals: Signals | None) -> int:
    """Count the edges of a stretch that show less than half a second of another shot."""
    if signals is None:
        return 0
    at_start = any(_SAME_INSTANT < shot - start < SLIVER_SECONDS for shot in signals.shots)
    at_end = any(_SAME_INSTANT < end - shot < SLIVER_SECONDS for shot in signals.shots)
    return at_start + at_end


def _edge_limits(start: float, end: float, timeline: Timeline, bounds: Bounds, *, spoken: bool) -> _EdgeLimits:
    before, after = timeline.gap_at(start) or (start, start), timeline.gap_at(end) or (end, end)
    outward_start, outward_end, inward = (
        (LEAD_SECONDS, TAIL_SECONDS, 0.0) if spoken else (_SLACK_SECONDS, _SLACK_SECONDS, _SLACK_SECONDS)
    )
    return _EdgeLimits(
        start_from=min(start, max(before[0], start - outward_start, bounds.earliest)),
        start_to=min(before[1], start + inward),
        end_from=max(after[0], end - inward),
        end_to=max(end, min(after[1], end + outward_end, bounds.latest)),
    )


def _pause(start: float, end: float, place: _Place) -> _Move | None:
    """Give the start a lead and the end a tail from the pauses around; without a measure of loudness, half a pause."""
    share = 1.0 if place.loudness else 0.5
    timeline = place.context.timeline
    before, after = timeline.gap_at(start) or (start, start), timeline.gap_at(end) or (end, end)
    lead = min(start - place.limits.start_from, (start - before[0]) * share)
    tail = min(place.limits.end_to - end, (after[1] - end) * share)
    return _Move(start - lead, end + tail, f"into the pauses: {lead:.2f} s before the first word, {tail:.2f} s after")


def _quietest(start: float, end: float, place: _Place) -> _Move | None:
    """Move each edge inside its pause to the quietest part that the measured loudness tells apart."""
    if not place.loudness:
        return None
    return _Move(
        _quietest_between(start, place.limits.start_to, place.loudness, at_end=False),
        _quietest_between(place.limits.end_from, end, place.loudness, at_end=True),
        "to the quietest part of the pauses",
    )


def _quietest_between(earliest: float, latest: float, loudness: Sequence[float], *, at_end: bool) -> float:
    """Return the middle of the quietest measured stretch in a pause, kept inside it; of equals, the outermost one."""
    outermost = latest if at_end else earliest
    first = int(earliest / LOUDNESS_SECONDS)
    after = min(len(loudness), math.ceil(latest / LOUDNESS_SECONDS))
    if latest - earliest < _QUIET_SECONDS or after <= first:
        return outermost
    decibels = np.round(np.nan_to_num(np.array(loudness[first:after]), nan=0.0), 1)
    quietest = after - 1 - int(decibels[::-1].argmin()) if at_end else first + int(decibels.argmin())
    return min(latest, max(earliest, (quietest + 0.5) * LOUDNESS_SECONDS))


def _shots(start: float, end: float, place: _Place) -> _Move | None:
    """Where an edge leaves a sliver of another shot, move it onto the cut, if no word is in the way."""
    limits = place.limits
    near_start = [shot for shot in place.shots if start < shot < start + SLIVER_SECONDS and shot <= limits.start_to]
    near_end = [shot for shot in place.shots if end - SLIVER_SECONDS < shot < end and shot >= limits.end_from]
    if not near_start and not near_end:
        return None
    reason = "onto the cut, so that no sliver of another shot shows"
    return _Move(max(near_start, default=start), min(near_end, default=end), reason)


def _length(start: float, end: float, place: _Place) -> _Move | None:
    """Give back tail, then lead, where they made the moment longer than allowed."""
    longest = place.bounds.longest
    if end - start <= longest:
        return None
    new_end = max(place.limits.end_from, start + longest)
    return _Move(max(start, new_end - longest), new_end, f"no longer than {longest:g} s")


def _frames(start: float, end: float, place: _Place) -> _Move | None:
    """Move the edges onto frames; where no frame lies between two words, the word's edge stays."""
    frames, limits, bounds = place.context.frames, place.limits, place.bounds
    if frames is None:
        return None
    starts = [at for at in frames.around(start) if limits.start_from <= at <= limits.start_to] or [start]
    ends = [at for at in frames.around(end) if limits.end_from <= at <= limits.end_to] or [end]
    fitting = [
        (abs(new_start - start) + abs(new_end - end), new_start, new_end)
        for new_start in starts
        for new_end in ends
        if bounds.shortest <= new_end - new_start <= bounds.longest
    ]
    return _Move(*min(fitting)[1:], "onto the frame grid") if fitting else None
