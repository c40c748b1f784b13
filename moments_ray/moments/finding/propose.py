"""The local finder: proposes runs of sentences from the words and the sound alone, without a network or weights."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from moments_ray.media.downloaded import SiteSignals
from moments_ray.media.signals import Signals
from moments_ray.moments.finding import cues
from moments_ray.moments.finding.moment import Proposal
from moments_ray.moments.finding.opening_model import Openings
from moments_ray.moments.finding.options import FindOptions
from moments_ray.moments.finding.query import Query
from moments_ray.moments.finding.reasons import Reasons
from moments_ray.moments.finding.scoring import SentenceScores, score_sentences
from moments_ray.moments.finding.segmentation import boundary_strengths
from moments_ray.moments.finding.site_view import SiteView
from moments_ray.moments.finding.terms import Floats, Ints, tokens
from moments_ray.moments.finding.timeline import Timeline

LEAST_SCORE = 1.0
LEAST_TERMS = 6
LEAST_SPEECH_SHARE = 0.2

_WEIGHTS = {
    "content": 0.6,
    "end": 0.4,
    "change inside": -0.8,
    "opening": 0.3,
    "closing": 0.5,
    "length": -0.6,
    "dead air": -2.0,
    "query": 8.0,
    "replays": 5.0,  # by hand: what an audience came back for outweighs what can be guessed from words
}
_EDGE_CHANGE = 0.5  # where the source itself begins and ends
_SHRINKAGE = 4  # sentences of middling content that every run is credited with: few and noisy ones win nothing
_TOLERATED_SILENCE = 0.25
_ENDS_PER_START = 2
_MOST_OVERLAP = 0.7
_POOL_LEAST = 60
_POOL_PER_MOMENT = 8
_BEST = 3
_MOST_FILLERS, _LONGEST_FILLER, _MOST_FILLER_SECONDS = 2, 3, 3.0
_WORTH_KEEPING = 0.5  # how far below the best ones' mean total a run may be where no count was asked for
_FEWEST, _SHARE_IN_ANY_CASE = 4, 4  # ... which so many of the best are not held to


@dataclass(frozen=True)
class _Measured:
    """What the finder measured of a source: ``changes`` is the strength of the boundary before each sentence."""

    timeline: Timeline
    scores: SentenceScores
    openings: Openings
    changes: Floats
    query: Query
    site: SiteView | None


@dataclass(frozen=True)
class _Spans:
    """Candidate runs of sentences; one number per candidate in every array, ``last`` inclusive."""

    first: Ints
    last: Ints
    total: Floats


def propose(
    timeline: Timeline,
    signals: Signals | None,
    options: FindOptions,
    openings: Openings | None = None,
    site: SiteSignals | None = None,
) -> tuple[Proposal, ...]:
    """Propose the runs of sentences most worth watching, best first, overlapping ones included.

    Empty where too little is said to judge. Where no count was asked for, those much poorer than the best are left out.

    Args:
        timeline: what was said.
        signals: what was measured of sound and picture, if there was any.
        options: what to look for.
        openings: where parts of the talk begin, if somebody knows better than the fitted model.
        site: its chapters and how often parts were replayed, if its site tells.
    """
    if not timeline.sentences:
        return ()
    openings = openings or Openings.of(timeline)
    view = SiteView.of(timeline, site)
    lexical = boundary_strengths(timeline.terms, timeline.starts, timeline.ends, timed=timeline.is_timed)
    changes = np.maximum(openings.strengths(timeline.duration), np.concatenate(([_EDGE_CHANGE], lexical)))
    if view is not None:
        changes = np.maximum(changes, np.array(view.chapters) >= 0)
    measured = _Measured(
        timeline=timeline,
        scores=score_sentences(timeline, signals, None if view is None else view.replays),
        openings=openings,
        changes=np.append(changes, _EDGE_CHANGE),
        query=Query.of(options, timeline.terms),
        site=view,
    )
    spans = _candidates(measured, options)
    count = options.count_for(timeline.duration)
    kept = [
        at
        for at in _distinct(timeline, spans, max(_POOL_LEAST, _POOL_PER_MOMENT * count))
        if math.isfinite(spans.total[at])
        and len(timeline.terms.bag(int(spans.first[at]), int(spans.last[at]))) >= LEAST_TERMS
    ]
    if not kept:
        return ()
    best = _best_apart(kept, spans, timeline, count)
    distance = spans.total - float(np.mean(spans.total[best[:_BEST]]))
    marks = openings.model.score(distance)
    if options.count is None:
        least = min(-_WORTH_KEEPING, *(float(distance[at]) for at in best))
        kept = [at for at in kept if distance[at] >= least]
    kept = [at for at in kept if marks[at] >= LEAST_SCORE]
    runs = [(_past_fillers(timeline, int(spans.first[at]), int(spans.last[at])), int(spans.last[at])) for at in kept]
    reasons = Reasons(timeline, measured.scores, measured.changes, measured.query, runs, site=view)
    return tuple(
        Proposal(
            first=first,
            last=last,
            title=view.chapter_title(first) if view else "",
            reason=reasons.of(first, last),
            score=round(float(marks[at]), 1),
        )
        for at, (first, last) in zip(kept, runs, strict=True)
    )


def _best_apart(ranked: list[int], spans: _Spans, timeline: Timeline, count: int) -> list[int]:
    """Return the best candidates that do not overlap: a quarter of the count, and at least four."""
    starts, ends = timeline.starts[spans.first], timeline.ends[spans.last]
    apart: list[int] = []
    for at in ranked:
        if len(apart) >= max(_FEWEST, count / _SHARE_IN_ANY_CASE):
            break
        if all(ends[at] <= starts[other] or starts[at] >= ends[other] for other in apart):
            apart.append(at)
    return apart


def _past_fillers(timeline: Timeline, first: int, last: int) -> int:
    """Return where a run begins in earnest: after "Yeah.", "Cool." and the like at its very start."""
    at = first
    while at + 1 < last and at - first < _MOST_FILLERS and timeline.may_start[at + 1]:
        heard = tokens(timeline.sentences[at].text)
        if len(heard) > _LONGEST_FILLER or not all(word in cues.LEANING_OPENERS | cues.FRESH_OPENERS for word in heard):
            break
        at += 1
    return at if timeline.starts[at] - timeline.starts[first] <= _MOST_FILLER_SECONDS else first


def _candidates(measured: _Measured, options: FindOptions) -> _Spans:
    """Score every run of sentences of a fitting length; keep the best few of each start."""
    timeline, scores, changes = measured.timeline, measured.scores, measured.changes
    speech = np.concatenate(([0.0], np.cumsum(np.maximum(0.0, timeline.ends - timeline.starts))))
    content = np.concatenate(([0.0], np.cumsum(scores.content)))
    may_end = np.array(timeline.may_end) & ~timeline.asks
    may_end[-1] = timeline.may_end[-1]  # the talk's last question nobody answers
    ends = np.array([part.ends_sentence or not timeline.is_punctuated for part in timeline.sentences], dtype=bool)
    begins = [not timeline.is_punctuated or timeline.begins_sentence(at) for at in range(len(ends))]
    bounds = options.bounds(timeline.duration)
    odds = _opening_odds(measured)
    firsts: list[int] = []
    lasts: list[int] = []
    totals: list[float] = []
    for first in range(len(timeline.sentences)):
        start = timeline.starts[first]
        if not timeline.may_start[first] or not begins[first] or start < bounds.earliest:
            continue
        after = int(np.searchsorted(timeline.ends, min(bounds.latest, start + bounds.longest), "right"))
        before = int(np.searchsorted(timeline.ends, start + bounds.shortest, "left"))
        last = np.arange(max(first, before), after)
        last = last[may_end[last]]
        last = last[ends[last]] if ends[last].any() else last
        if not last.size:
            continue
        seconds = np.maximum(timeline.ends[last] - start, 1e-3)
        silence = 1.0 - np.minimum(1.0, (speech[last + 1] - speech[first]) / seconds)
        inside = np.concatenate(([0.0], np.maximum.accumulate(changes[first + 1 : after])))[last - first]
        total = (
            odds[first]
            + (_WEIGHTS["replays"] * measured.site.replayed(first, last, seconds) if measured.site else 0.0)
            + _WEIGHTS["content"] * (content[last + 1] - content[first]) / (last + 1 - first + _SHRINKAGE)
            + _WEIGHTS["end"] * changes[last + 1]
            + _WEIGHTS["change inside"] * inside
            + _WEIGHTS["opening"] * scores.opening[first]
            + _WEIGHTS["closing"] * scores.closing[last]
            + _WEIGHTS["length"] * np.abs(np.log(seconds / bounds.ideal))
            + _WEIGHTS["dead air"] * np.maximum(0.0, silence - _TOLERATED_SILENCE)
            + _WEIGHTS["query"] * measured.query.coverage(first, last)
        )
        total = np.where(silence > 1.0 - LEAST_SPEECH_SHARE, -np.inf, total)
        for at in np.argsort(-total, kind="stable")[:_ENDS_PER_START]:
            firsts.append(first)
            lasts.append(int(last[at]))
            totals.append(float(total[at]))
    return _Spans(np.array(firsts, dtype=np.int64), np.array(lasts, dtype=np.int64), np.array(totals))


def _opening_odds(measured: _Measured) -> Floats:
    """Return the log odds that a part begins with each sentence: where its site says so, as good as the best."""
    odds = measured.openings.log_odds
    if measured.site is None:
        return odds
    return np.where(measured.site.opens > 0, np.maximum(odds, odds.max()), odds)


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
