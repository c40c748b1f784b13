"""Which of the proposals stay: the one deterministic way that every proposer's word passes through."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from moments_ray.moments.finding.moment import Proposal, TimedProposal
from moments_ray.moments.finding.options import FindOptions
from moments_ray.moments.finding.terms import TermIndex
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.moments.finding.validate import Span, validate_proposals

_SAME_SHARE = 0.9
_LIKE = 0.55
_THE_SAME_WORDS = 0.9
_MOST_ROUNDS = 8
_WORTH_OF_ANY = 1.0  # a moment scored 0 is still one that was proposed


@dataclass(frozen=True)
class Selection:
    """The chosen spans in time order, and how many proposals met which fate."""

    spans: tuple[Span, ...]
    report: dict[str, int]


def select(
    proposals: Sequence[Proposal | TimedProposal],
    timeline: Timeline,
    options: FindOptions,
    *,
    from_question: bool = False,
) -> Selection:
    """Check proposals, drop doubles, and choose the set worth most: no overlap, no more than the asked count.

    With ``from_question`` answers take in their questions. Spans that say much the same as a better chosen one lose
    worth, and are left out where they say the very same.
    """
    report: Counter[str] = Counter()
    spans = validate_proposals(
        proposals, timeline, options.bounds(timeline.duration), report, from_question=from_question
    )
    spans = _without_doubles(spans, report)
    count = options.count_for(timeline.duration)
    chosen = _choose_varied(spans, timeline.terms, count, report)
    report["overlapping_or_over_count"] += len(spans) - len(chosen) - report["repetitive"]
    return Selection(tuple(chosen), {reason: times for reason, times in sorted(report.items()) if times})


def _without_doubles(spans: list[Span], report: Counter[str]) -> list[Span]:
    """Keep the best of spans that nearly coincide; the result is in order of their ends."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (-span.score, span.start, span.end, span.title)):
        if any(_overlap(span, other) >= _SAME_SHARE * _union(span, other) for other in kept):
            report["duplicate"] += 1
        else:
            kept.append(span)
    return sorted(kept, key=lambda span: (span.end, span.start, -span.score, span.title))


def _choose_varied(spans: list[Span], terms: TermIndex, count: int, report: Counter[str]) -> list[Span]:
    """Choose, mark down what repeats a better chosen span, and choose again until nothing more does."""
    worth = [span.score + _WORTH_OF_ANY for span in spans]
    bags: dict[int, Counter[int]] = {}
    marked: set[tuple[int, int]] = set()
    chosen: list[int] = []
    for _ in range(_MOST_ROUNDS):
        chosen = _best_apart(spans, worth, count)
        fresh = False
        for one, other in combinations(sorted(chosen, key=lambda at: (-spans[at].score, at)), 2):
            if (one, other) in marked:
                continue
            likeness = _likeness(spans[one], spans[other], terms, bags, (one, other))
            if likeness > _LIKE:
                marked.add((one, other))
                fresh = True
                worth[other] *= 0.0 if likeness >= _THE_SAME_WORDS else (1.0 - likeness) / (1.0 - _LIKE)
        if not fresh:
            break
    kept = [at for at in chosen if worth[at] > 0]
    report["repetitive"] += sum(value == 0 for value in worth)
    return sorted((spans[at] for at in kept), key=lambda span: span.start)


def _likeness(
    one: Span, other: Span, terms: TermIndex, bags: dict[int, Counter[int]], numbers: tuple[int, int]
) -> float:
    if one.sentences is None or other.sentences is None:
        return 0.0
    for number, span in zip(numbers, (one, other), strict=True):
        if number not in bags and span.sentences is not None:
            bags[number] = terms.bag(*span.sentences)
    return terms.similarity(bags[numbers[0]], bags[numbers[1]])


def _best_apart(spans: list[Span], worth: list[float], count: int) -> list[int]:
    """Return the numbers of at most ``count`` disjoint spans worth most together; ``spans`` come in order of end.

    Weighted interval scheduling with a bound on the number of intervals, by dynamic programming.
    """
    ends = [span.end for span in spans]
    best = [[0.0] * (len(spans) + 1)]
    earlier = [bisect_right(ends, span.start, 0, at) for at, span in enumerate(spans)]
    for taken in range(1, min(count, len(spans)) + 1):
        row = [0.0]
        for at in range(len(spans)):
            row.append(max(row[at], best[taken - 1][earlier[at]] + worth[at]))
        best.append(row)
    chosen: list[int] = []
    taken, at = len(best) - 1, len(spans)
    while taken and at:
        if best[taken][at] == best[taken][at - 1]:
            at -= 1
        else:
            chosen.append(at - 1)
            at = earlier[at - 1]
            taken -= 1
    return chosen


def _overlap(one: Span, other: Span) -> float:
    return max(0.0, min(one.end, other.end) - max(one.start, other.start))


def _union(one: Span, other: Span) -> float:
    return max(one.end, other.end) - min(one.start, other.start)
