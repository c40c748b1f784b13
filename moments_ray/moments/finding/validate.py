"""What a proposer said, checked item by item: put right where it can be, left out where not, and counted either way."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from moments_ray.moments.finding.cues import LEANING_OPENERS
from moments_ray.moments.finding.moment import Proposal, Step, TimedProposal
from moments_ray.moments.finding.options import Bounds
from moments_ray.moments.finding.terms import tokens
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.moments.finding.titles import readable

MOST_PROPOSALS = 1000
_LONGEST_REASON = 300
_MIDDLING_SCORE = 50.0
_MILLISECONDS = 1000.0
_LEAST_KEPT = 0.6  # of the longest length, when a beginning is dropped to find a better one


@dataclass(frozen=True)
class Span:
    """A valid proposal: its edges in seconds and, where it goes by sentences, their numbers, both inclusive."""

    start: float
    end: float
    title: str
    reason: str
    score: float
    sentences: tuple[int, int] | None = None
    steps: tuple[Step, ...] = ()

    @property
    def seconds(self) -> float:
        """The span's length."""
        return self.end - self.start


def validate_proposals(
    proposals: Sequence[Proposal | TimedProposal],
    timeline: Timeline,
    bounds: Bounds,
    report: Counter[str],
    *,
    from_question: bool = False,
) -> list[Span]:
    """Turn proposals into spans inside ``bounds`` that cut no word; ``report`` counts every repair and refusal.

    With ``from_question`` a span that begins with an answer takes in the question before it, if its length allows.
    """
    report["proposed"] += len(proposals)
    if len(proposals) > MOST_PROPOSALS:
        report["over_cap"] += len(proposals) - MOST_PROPOSALS
        proposals = sorted(proposals, key=lambda item: -_score(item.score, Counter()))[:MOST_PROPOSALS]
    valid = []
    for proposal in proposals:
        if isinstance(proposal, TimedProposal):
            span = _from_times(proposal, timeline, report)
        else:
            span = _from_numbers(proposal, timeline, report)
        if span is not None:
            if from_question:
                span = _from_its_question(span, timeline, bounds, report)
            fitted = _fit(span, timeline, bounds, report)
            if fitted is not None:
                valid.append(fitted)
    return valid


def _from_numbers(proposal: Proposal, timeline: Timeline, report: Counter[str]) -> Span | None:
    first, last = proposal.first, proposal.last
    if first > last:
        report["reversed"] += 1
        first, last = last, first
    end = len(timeline.sentences) - 1
    if last < 0 or first > end:
        report["outside"] += 1
        return None
    if first < 0 or last > end:
        report["clamped"] += 1
    return _by_sentences(proposal, timeline, max(0, first), min(last, end), report)


def _from_times(proposal: TimedProposal, timeline: Timeline, report: Counter[str]) -> Span | None:
    start, end = proposal.start_time, proposal.end_time
    if not (math.isfinite(start) and math.isfinite(end)):
        report["not_finite"] += 1
        return None
    if start > end:
        report["reversed"] += 1
        start, end = end, start
    if _are_milliseconds(start, end, timeline.duration):
        report["milliseconds"] += 1
        start, end = start / _MILLISECONDS, end / _MILLISECONDS
    if end <= 0 or start >= timeline.duration:
        report["outside"] += 1
        return None
    if start < 0 or end > timeline.duration:
        report["clamped"] += 1
        start, end = max(0.0, start), min(end, timeline.duration)
    if end <= start:
        report["empty"] += 1
        return None
    if timeline.sentences:
        first = int(np.abs(timeline.starts - start).argmin())
        last = max(first, int(np.abs(timeline.ends - end).argmin()))
        return _by_sentences(proposal, timeline, first, last, report)
    start, end = _clear_of_words(timeline, start), _clear_of_words(timeline, end)
    return _span(proposal, start, end, None, report) if start < end else None


def _are_milliseconds(start: float, end: float, duration: float) -> bool:
    """Tell times far past the end that would make a moment of a second or more if they were thousandths."""
    return 2 * duration < end <= duration * _MILLISECONDS and end - start >= _MILLISECONDS


def _by_sentences(
    proposal: Proposal | TimedProposal, timeline: Timeline, first: int, last: int, report: Counter[str]
) -> Span | None:
    while first > 0 and not timeline.may_start[first]:
        first -= 1
    while last < len(timeline.sentences) - 1 and not timeline.may_end[last]:
        last += 1
    start, end = float(timeline.starts[first]), float(timeline.ends[last])
    if end <= start:
        report["empty"] += 1
        return None
    return _span(proposal, start, end, (first, last), report)


def _span(
    proposal: Proposal | TimedProposal,
    start: float,
    end: float,
    sentences: tuple[int, int] | None,
    report: Counter[str],
) -> Span:
    reason = readable(proposal.reason, _LONGEST_REASON) or "Proposed without a reason."
    return Span(
        start=start,
        end=end,
        title=readable(proposal.title),
        reason=reason,
        score=_score(proposal.score, report),
        sentences=sentences,
        steps=(Step(step="propose", start_time=start, end_time=end, reason=reason),),
    )


def _score(score: float, report: Counter[str]) -> float:
    if not math.isfinite(score):
        report["score_not_finite"] += 1
        return _MIDDLING_SCORE
    return min(100.0, max(0.0, score))


def _clear_of_words(timeline: Timeline, position: float) -> float:
    earliest, latest = timeline.nearest_gap(position)
    return min(max(position, earliest), latest)


def _fit(span: Span, timeline: Timeline, bounds: Bounds, report: Counter[str]) -> Span | None:
    """Bring a span inside the bounds and to an allowed length; None where sentences or words stand in the way."""
    if span.end <= bounds.earliest or span.start >= bounds.latest:
        report["outside_range"] += 1
        return None
    fitted = _by_whole_sentences(span, timeline, bounds, report) if span.sentences else span
    if fitted is not None:
        fitted = _by_seconds(fitted, timeline, bounds)
    if fitted is None or not bounds.shortest <= fitted.seconds <= bounds.longest:
        report["no_fitting_length"] += 1
        return None
    if (fitted.start, fitted.end) == (span.start, span.end):
        return span
    report["fitted"] += 1
    reason = f"brought to {bounds.shortest:g} to {bounds.longest:g} s, not to end on a question"
    step = Step(step="fit", start_time=fitted.start, end_time=fitted.end, reason=reason)
    return replace(fitted, steps=(*span.steps, step))


def _from_its_question(span: Span, timeline: Timeline, bounds: Bounds, report: Counter[str]) -> Span:
    if span.sentences is None or (question := timeline.question_of(span.sentences[0])) is None:
        return span
    start = float(timeline.starts[question])
    if start < max(bounds.earliest, span.end - bounds.longest):
        return span
    report["opening_question"] += 1
    step = Step(step="fit", start_time=start, end_time=span.end, reason="begins with the question it answers")
    return replace(span, start=start, sentences=(question, span.sentences[1]), steps=(*span.steps, step))


def _by_whole_sentences(span: Span, timeline: Timeline, bounds: Bounds, report: Counter[str]) -> Span | None:
    """Bring a run of sentences to an allowed length, its end kept if it can be: that is where its point is made.

    Sentences out of bounds and a closing question are dropped; as length asks, sentences are dropped at the start or
    neighbours taken in.
    """
    first, last = span.sentences or (0, -1)
    starts, ends = timeline.starts, timeline.ends
    while first <= last and (starts[first] < bounds.earliest or not timeline.may_start[first]):
        first += 1
    while last >= first and (ends[last] > bounds.latest or not timeline.may_end[last]):
        last -= 1
    if first > last:
        return None
    first = _late_enough(timeline, first, last, bounds.longest)
    if first > last:
        return None
    first, last = _grown(timeline, first, last, bounds)
    if (answered := _answered(timeline, first, last, bounds)) != last:
        report["closing_question"] += 1
        last = answered
    return replace(span, start=float(starts[first]), end=float(ends[last]), sentences=(first, last))


def _late_enough(timeline: Timeline, first: int, last: int, longest: float) -> int:
    """Return the first sentence from which a run is short enough: one that stands alone, if one is near."""
    starts, end = timeline.starts, timeline.ends[last]
    fitting = [at for at in range(first, last + 1) if timeline.may_start[at] and end - starts[at] <= longest]
    if not fitting:
        return last + 1
    if fitting[0] == first:
        return first
    near = [at for at in fitting if end - starts[at] >= _LEAST_KEPT * longest]
    alone = [at for at in near if (heard := tokens(timeline.sentences[at].text)) and heard[0] not in LEANING_OPENERS]
    return min(alone or fitting)


def _grown(timeline: Timeline, first: int, last: int, bounds: Bounds) -> tuple[int, int]:
    """Take in neighbours, the following ones first, while a run is too short."""
    starts, ends = timeline.starts, timeline.ends
    while ends[last] - starts[first] < bounds.shortest:
        following = next((at for at in range(last + 1, len(ends)) if timeline.may_end[at]), None)
        preceding = next((at for at in range(first - 1, -1, -1) if timeline.may_start[at]), None)
        latest = min(bounds.latest, starts[first] + bounds.longest)
        earliest = max(bounds.earliest, ends[last] - bounds.longest)
        if following is not None and ends[following] <= latest:
            last = following
        elif preceding is not None and starts[preceding] >= earliest:
            first = preceding
        else:
            break
    return first, last


def _answered(timeline: Timeline, first: int, last: int, bounds: Bounds) -> int:
    """Return the nearest last sentence with which a run ends on no question, ``last`` where there is none in bounds."""
    starts, ends = timeline.starts, timeline.ends
    if not timeline.asks[last] or last == len(ends) - 1:
        return last
    latest = min(bounds.latest, starts[first] + bounds.longest)
    for at in range(last - 1, first, -1):
        if ends[at] - starts[first] < bounds.shortest:
            break
        if timeline.may_end[at] and not timeline.asks[at]:
            return at
    for at in range(last + 1, len(ends)):
        if ends[at] > latest:
            break
        if timeline.may_end[at] and not timeline.asks[at]:
            return at
    return last


def _by_seconds(span: Span, timeline: Timeline, bounds: Bounds) -> Span | None:
    """Move the edges of a span over the wordless time around it, as far as its length asks."""
    start, end = span.start, span.end
    if span.sentences is None:
        start, end = max(start, bounds.earliest), min(end, bounds.latest)
        end = min(end, start + bounds.longest)
    if (missing := bounds.shortest - (end - start)) > 0:
        free = timeline.nearest_gap(end) if span.sentences else (end, bounds.latest)
        end = min(end + missing, free[1], bounds.latest)
    if (missing := bounds.shortest - (end - start)) > 0:
        free = timeline.nearest_gap(start) if span.sentences else (bounds.earliest, start)
        start = max(start - missing, free[0], bounds.earliest)
    if span.sentences is None:
        start, end = _clear_of_words(timeline, start), _clear_of_words(timeline, end)
    return replace(span, start=start, end=end) if bounds.earliest <= start < end <= bounds.latest else None
