"""A second look at one moment's edges: anybody may ask for a move, and this decides how far it goes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from moments_ray.moments.finding import cues
from moments_ray.moments.finding.moment import Moment, Step
from moments_ray.moments.finding.options import Bounds
from moments_ray.moments.finding.snap import LEAD_SECONDS, TAIL_SECONDS, EdgeContext, snap
from moments_ray.moments.finding.terms import tokens
from moments_ray.moments.finding.timeline import QUESTION_SECONDS, Timeline
from moments_ray.speech.transcript import Frozen

MAX_MOVE_SECONDS = 5.0
_SENTENCE_PULL_SECONDS = 0.75  # a sentence edge this near to where an edge was wanted is what was meant
_FULL_PAUSE_SECONDS = 1.5
_NAMED_PAUSE_SECONDS = 0.3
_SMALLEST_MOVE = 1e-3
_SMALLEST_GAIN = 0.3
_PAUSE, _CUT, _WORDS, _DISTANCE = 1.0, 0.6, 0.8, -0.8
_QUESTION = 3.0  # more than all that can speak for another start


class Refinement(Frozen):
    """Where a moment's edges stand after a second look, in seconds; ``moved`` is false where they stayed."""

    start_time: float
    end_time: float
    moved: bool
    reason: str
    provenance: tuple[Step, ...]


@dataclass(frozen=True)
class RefinementLimits:
    """How far a second look may go: where the moment may lie, how long it may be, and the longest move in seconds.

    A start may move further back, to the beginning of a question within ``QUESTION_SECONDS`` that the moment answers.
    What neighbouring moments occupy is taken off the bounds by the caller.
    """

    bounds: Bounds
    max_move: float = MAX_MOVE_SECONDS

    def questions(self, start: float, timeline: Timeline) -> list[float]:
        """Return where the questions begin that a moment with this start may reach back to, in time order."""
        near = (timeline.starts < start - self.max_move) & (timeline.starts >= start - QUESTION_SECONDS)
        return [
            float(timeline.starts[at])
            for at in np.flatnonzero(near & timeline.asks).tolist()
            if timeline.may_start[at] and timeline.starts[at] >= self.bounds.earliest
        ]

    def around(self, moment: Moment, start: float) -> Bounds:
        """Return the bounds narrowed to what the moment's edges can reach; ``start`` is where its start shall go."""
        earliest = max(self.bounds.earliest, min(start - LEAD_SECONDS, moment.start_time - self.max_move))
        return self.bounds._replace(earliest=earliest, latest=min(self.bounds.latest, moment.end_time + self.max_move))


@dataclass(frozen=True)
class _Place:
    """A place for an edge, what speaks for it, and how much."""

    position: float
    merit: float
    reason: str

    def with_words(self, reason: str) -> _Place:
        """Return the same place with what the words say for it."""
        return _Place(self.position, self.merit + _WORDS, f"{self.reason}, {reason}" if self.reason else reason)


def refine(moment: Moment, context: EdgeContext, limits: RefinementLimits) -> Refinement:
    """Look for better edges by pauses, cuts and words alone."""
    starts = [
        place
        for place in _places(moment.start_time, context, limits.max_move, at_end=False)
        if place.position >= limits.bounds.earliest
    ]
    ends = _places(moment.end_time, context, limits.max_move, at_end=True)
    here_start, here_end = _present(starts, moment.start_time), _present(ends, moment.end_time)
    pairs = [
        (start, end)
        for start in [here_start, *starts]
        for end in [here_end, *ends]
        if limits.bounds.shortest <= end.position - start.position <= limits.bounds.longest
    ]
    best_start, best_end = max(pairs, key=lambda pair: pair[0].merit + pair[1].merit, default=(here_start, here_end))
    if best_start.merit - here_start.merit < _SMALLEST_GAIN:
        best_start = here_start
    if best_end.merit - here_end.merit < _SMALLEST_GAIN:
        best_end = here_end
    said = [
        f"{name} {_distance(old.position, new.position)}" + (f", {new.reason}" if new.reason else "")
        for name, old, new in (("starts", here_start, best_start), ("ends", here_end, best_end))
        if new is not old
    ]
    if not said:
        return _unmoved(moment, f"No better pause, cut or sentence within {limits.max_move:g} s.")
    text = "; ".join(said)
    reason = text[0].upper() + text[1:] + "."
    return bound_move(moment, best_start.position, best_end.position, reason, context=context, limits=limits)


def bound_move(
    moment: Moment, start: float, end: float, reason: str, *, context: EdgeContext, limits: RefinementLimits
) -> Refinement:
    """Carry out a move that anybody asked for, as far as it is allowed, and never into a word.

    Args:
        moment: the moment as it was generated.
        start: where its start is wanted, in seconds; anything at all.
        end: where its end is wanted.
        reason: why; kept with the move.
        context: what the edges are placed by.
        limits: how far they may go.
    """
    if not (math.isfinite(start) and math.isfinite(end)):
        return _unmoved(moment, "The asked edges are not numbers; the moment stays as it was.")
    new_start = _land(start, moment.start_time, context, limits, at_end=False)
    new_end = _land(end, moment.end_time, context, limits, at_end=True)
    bounds = limits.around(moment, new_start)
    if not bounds.earliest <= new_start < new_end <= bounds.latest:
        return _unmoved(moment, "The asked edges leave nothing between them; the moment stays as it was.")
    if not bounds.shortest <= new_end - new_start <= bounds.longest:
        return _unmoved(moment, "The asked edges make the moment too short or too long; it stays as it was.")
    placed = snap(new_start, new_end, context, bounds, spoken=bool(context.timeline.sentences))
    steps = (Step(step="refine", start_time=new_start, end_time=new_end, reason=reason), *placed)
    last = steps[-1]
    moves = (abs(last.start_time - moment.start_time), abs(last.end_time - moment.end_time))
    if max(moves) < _SMALLEST_MOVE:
        return _unmoved(moment, "The asked edges are the ones it has.")
    return Refinement(start_time=last.start_time, end_time=last.end_time, moved=True, reason=reason, provenance=steps)


def _distance(old: float, new: float) -> str:
    return f"{abs(new - old):.1f} s {'later' if new > old else 'earlier'}"


def _unmoved(moment: Moment, reason: str) -> Refinement:
    step = Step(step="refine", start_time=moment.start_time, end_time=moment.end_time, reason=reason)
    return Refinement(
        start_time=moment.start_time, end_time=moment.end_time, moved=False, reason=reason, provenance=(step,)
    )


def _land(wanted: float, present: float, context: EdgeContext, limits: RefinementLimits, *, at_end: bool) -> float:
    """Return the allowed place nearest to a wanted one, in no word; a sentence's edge, if one is near."""
    timeline = context.timeline
    if not at_end:
        questions = [at for at in limits.questions(present, timeline) if abs(at - wanted) <= _SENTENCE_PULL_SECONDS]
        if questions:
            return min(questions, key=lambda at: (abs(at - wanted), at))
    wanted = min(max(wanted, present - limits.max_move), present + limits.max_move)
    allowed = timeline.may_end if at_end else timeline.may_start
    edges = [
        float(edge)
        for edge, may in zip(timeline.ends if at_end else timeline.starts, allowed, strict=True)
        if may and abs(edge - wanted) <= _SENTENCE_PULL_SECONDS and abs(edge - present) <= limits.max_move
    ]
    if edges:
        return min(edges, key=lambda edge: (abs(edge - wanted), edge))
    earliest, latest = timeline.nearest_gap(wanted)
    landed = min(max(wanted, earliest), latest)
    word = earliest if at_end else latest
    if abs(word - landed) <= (TAIL_SECONDS if at_end else LEAD_SECONDS):
        landed = word  # the snap gives it lead and tail again
    return landed if abs(landed - present) <= limits.max_move else present


def _present(places: list[_Place], present: float) -> _Place:
    """Return the place an edge is at: the one its lead or tail was given from, or one that nothing speaks for."""
    near = [place for place in places if abs(place.position - present) <= max(LEAD_SECONDS, TAIL_SECONDS)]
    nearest = min(near, key=lambda place: abs(place.position - present), default=None)
    return nearest or _Place(present, 0.0, "")


def _places(present: float, context: EdgeContext, max_move: float, *, at_end: bool) -> list[_Place]:
    """Return the places an edge can reach, each less what the way costs."""
    if not context.timeline.sentences:
        found = _unspoken(present, context, max_move)
    elif at_end:
        found = _ends(present, context, max_move)
    else:
        found = _starts(present, context, max_move)
    if not at_end and (question := _question_before(present, context.timeline)) is not None:
        return [_Place(question, _QUESTION, "at the question it answers"), *_priced(found, present, max_move)]
    return _priced(found, present, max_move)


def _question_before(present: float, timeline: Timeline) -> float | None:
    """Return where the question begins that a moment with this start begins to answer."""
    first = int(np.searchsorted(timeline.starts, present - _SMALLEST_MOVE, "left"))
    question = timeline.question_of(first) if first < len(timeline.starts) else None
    return None if question is None else float(timeline.starts[question])


def _priced(found: Iterable[_Place], present: float, max_move: float) -> list[_Place]:
    return [replace(place, merit=place.merit + _DISTANCE * abs(place.position - present) / max_move) for place in found]


def _starts(present: float, context: EdgeContext, max_move: float) -> Iterator[_Place]:
    timeline = context.timeline
    for at in np.flatnonzero(np.abs(timeline.starts - present) <= max_move).tolist():
        if timeline.may_start[at]:
            position = float(timeline.starts[at])
            heard = tokens(timeline.sentences[at].text)
            place = _in_gap(position, (float(timeline.ends[at - 1]) if at else 0.0, position), context)
            leans = not heard or heard[0] in cues.LEANING_OPENERS
            yield place if leans else place.with_words("at a sentence that stands alone")


def _ends(present: float, context: EdgeContext, max_move: float) -> Iterator[_Place]:
    timeline = context.timeline
    for at in np.flatnonzero(np.abs(timeline.ends - present) <= max_move).tolist():
        if timeline.may_end[at] and not (timeline.asks[at] and at + 1 < len(timeline.starts)):
            position = float(timeline.ends[at])
            after = float(timeline.starts[at + 1]) if at + 1 < len(timeline.starts) else timeline.duration
            place = _in_gap(position, (position, after), context)
            finished = timeline.sentences[at].ends_sentence
            yield place.with_words("at the end of a sentence") if finished else place


def _in_gap(position: float, gap: tuple[float, float], context: EdgeContext) -> _Place:
    pause = max(0.0, gap[1] - gap[0])
    cut = any(gap[0] <= shot <= gap[1] for shot in _shots(context))
    said = [f"in a pause of {pause:.1f} s"] if pause >= _NAMED_PAUSE_SECONDS else []
    said += ["by a cut"] if cut else []
    return _Place(position, _PAUSE * min(1.0, pause / _FULL_PAUSE_SECONDS) + _CUT * cut, ", ".join(said))


def _unspoken(present: float, context: EdgeContext, max_move: float) -> Iterator[_Place]:
    """Give the cuts and the edges of silences in reach that lie in no word."""
    found = [_Place(shot, _CUT + _WORDS, "on a cut") for shot in _shots(context)]
    for start, end in context.signals.silences if context.signals is not None else ():
        merit = _PAUSE * min(1.0, (end - start) / _FULL_PAUSE_SECONDS)
        found += [_Place(start, merit, "by a silence"), _Place(end, merit, "by a silence")]
    for place in found:
        if abs(place.position - present) <= max_move and context.timeline.gap_at(place.position) is not None:
            yield place


def _shots(context: EdgeContext) -> tuple[float, ...]:
    return tuple(context.signals.shots) if context.signals is not None else ()
