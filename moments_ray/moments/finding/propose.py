"""The local finder: proposes runs of sentences from the words and the sound alone, without a network or weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from moments_ray.media.signals import Signals
from moments_ray.moments.finding.moment import Proposal
from moments_ray.moments.finding.options import FindOptions
from moments_ray.moments.finding.query import Query
from moments_ray.moments.finding.scoring import SentenceScores, score_sentences
from moments_ray.moments.finding.segmentation import boundary_strengths
from moments_ray.moments.finding.terms import Floats, Ints
from moments_ray.moments.finding.timeline import Timeline

LEAST_SCORE = 20.0
LEAST_TERMS = 6
LEAST_SPEECH_SHARE = 0.2

_WEIGHTS = {
    "content": 1.2,
    "start": 1.6,
    "end": 0.7,
    "change inside": -1.5,
    "opening": 0.6,
    "closing": 0.6,
    "length": -0.5,
    "dead air": -2.0,
    "query": 4.0,
}
_EDGE_CHANGE = 0.5  # where the source itself begins and ends
_TOLERATED_SILENCE = 0.25
_HALF_SCORE = 0.6  # the total that becomes 50 of 100
_STEEPNESS = 1.1
_ENDS_PER_START = 2
_MOST_OVERLAP = 0.7
_POOL_LEAST = 60
_POOL_PER_MOMENT = 8
_CLEAR_CHANGE = 0.5
_CLEAR_SIGNAL = 0.3
_LONG_PAUSE_SECONDS = 0.8

_SAYINGS = {
    "loudness": "is said louder than what is around it",
    "pauses": "is spoken with weight, between pauses",
    "pace": "is spoken faster than what is around it",
    "questions": "asks a question and answers it",
    "numbers": "gives figures",
    "contrast": "turns on a contrast",
    "rarity": "uses words the rest does not",
}


@dataclass(frozen=True)
class _Known:
    """What the finder measured of a source: ``changes`` is the strength of the boundary before each sentence."""

    timeline: Timeline
    scores: SentenceScores
    changes: Floats
    query: Query


@dataclass(frozen=True)
class _Spans:
    """Candidate runs of sentences; one number per candidate in every array, ``last`` inclusive."""

    first: Ints
    last: Ints
    total: Floats


def propose(timeline: Timeline, signals: Signals | None, options: FindOptions) -> tuple[Proposal, ...]:
    """Propose the runs of sentences most worth watching, best first, overlapping ones included.

    Empty where too little is said to judge, and where nothing reaches ``LEAST_SCORE``.
    """
    if not timeline.sentences:
        return ()
    strengths = boundary_strengths(timeline.terms, timeline.starts, timeline.ends)
    known = _Known(
        timeline=timeline,
        scores=score_sentences(timeline, signals),
        changes=np.concatenate(([_EDGE_CHANGE], strengths, [_EDGE_CHANGE])),
        query=Query.of(options, timeline.terms),
    )
    spans = _candidates(known, options)
    marks = 100.0 / (1.0 + np.exp(-_STEEPNESS * (spans.total - _HALF_SCORE)))
    pool = max(_POOL_LEAST, _POOL_PER_MOMENT * options.count_for(timeline.duration))
    proposals = []
    for at in _distinct(timeline, spans, pool):
        first, last = int(spans.first[at]), int(spans.last[at])
        if marks[at] < LEAST_SCORE or len(timeline.terms.bag(first, last)) < LEAST_TERMS:
            continue
        reason = _reason(known, first, last)
        proposals.append(Proposal(first=first, last=last, title="", reason=reason, score=round(float(marks[at]), 1)))
    return tuple(proposals)


def _candidates(known: _Known, options: FindOptions) -> _Spans:
    """Score every run of sentences of a fitting length; keep the best few of each start."""
    timeline, scores, changes = known.timeline, known.scores, known.changes
    speech = np.concatenate(([0.0], np.cumsum(np.maximum(0.0, timeline.ends - timeline.starts))))
    content = np.concatenate(([0.0], np.cumsum(scores.content)))
    may_end = np.array(timeline.may_end)
    bounds = options.bounds(timeline.duration)
    firsts: list[int] = []
    lasts: list[int] = []
    totals: list[float] = []
    for first in range(len(timeline.sentences)):
        start = timeline.starts[first]
        if not timeline.may_start[first] or start < bounds.earliest:
            continue
        after = int(np.searchsorted(timeline.ends, min(bounds.latest, start + bounds.longest), "right"))
        before = int(np.searchsorted(timeline.ends, start + bounds.shortest, "left"))
        last = np.arange(max(first, before), after)
        last = last[may_end[last]]
        if not last.size:
            continue
        seconds = np.maximum(timeline.ends[last] - start, 1e-3)
        silence = 1.0 - np.minimum(1.0, (speech[last + 1] - speech[first]) / seconds)
        inside = np.concatenate(([0.0], np.maximum.accumulate(changes[first + 1 : after])))[last - first]
        total = (
            _WEIGHTS["content"] * (content[last + 1] - content[first]) / (last + 1 - first)
            + _WEIGHTS["start"] * changes[first]
            + _WEIGHTS["end"] * changes[last + 1]
            + _WEIGHTS["change inside"] * inside
            + _WEIGHTS["opening"] * scores.opening[first]
            + _WEIGHTS["closing"] * scores.closing[last]
            + _WEIGHTS["length"] * np.abs(np.log(seconds / bounds.ideal))
            + _WEIGHTS["dead air"] * np.maximum(0.0, silence - _TOLERATED_SILENCE)
            + _WEIGHTS["query"] * known.query.coverage(first, last)
        )
        total = np.where(silence > 1.0 - LEAST_SPEECH_SHARE, -np.inf, total)
        for at in np.argsort(-total, kind="stable")[:_ENDS_PER_START]:
            firsts.append(first)
            lasts.append(int(last[at]))
            totals.append(float(total[at]))
    return _Spans(np.array(firsts, dtype=np.int64), np.array(lasts, dtype=np.int64), np.array(totals))


def _distinct(timeline: Timeline, spans: _Spans, most: int) -> Iterator[int]:
    """Give the best candidates in order, leaving out those nearly the same as a better one."""
    starts, ends = timeline.starts[spans.first], timeline.ends[spans.last]
    kept: list[int] = []
    for at in np.lexsort((spans.last, spans.first, -spans.total)).tolist():
        if len(kept) == most:
            return
        overlap = np.minimum(ends[kept], ends[at]) - np.maximum(starts[kept], starts[at])
        union = np.maximum(ends[kept], ends[at]) - np.minimum(starts[kept], starts[at])
        if kept and bool(np.any(overlap > _MOST_OVERLAP * np.maximum(union, 1e-9))):
            continue
        kept.append(at)
        yield at


def _reason(known: _Known, first: int, last: int) -> str:
    """Say which signals spoke for a run of sentences, strongest first."""
    timeline, changes = known.timeline, known.changes
    said: list[str] = []
    if matched := known.query.matched(first, last):
        said.append("speaks of what was asked for (" + ", ".join(matched) + ")")
    if changes[first] >= _CLEAR_CHANGE:
        said.append("opens the talk" if first == 0 else "opens where the subject changes")
    pause = timeline.starts[first] - timeline.ends[first - 1] if first else 0.0
    if pause >= _LONG_PAUSE_SECONDS:
        said.append(f"follows a pause of {pause:.1f} s")
    if changes[last + 1] >= _CLEAR_CHANGE and last + 1 < len(timeline.sentences):
        said.append("ends where the next subject begins")
    means = {name: float(values[first : last + 1].mean()) for name, values in known.scores.signals.items()}
    spoke = sorted((name for name in means if means[name] >= _CLEAR_SIGNAL), key=lambda name: (-means[name], name))
    said.extend(_SAYINGS[name] for name in spoke[:3])
    if not said:
        return "Nothing in it stands out alone; together its signals make it the best of its stretch."
    text = "; ".join(said)
    return text[0].upper() + text[1:] + "."
