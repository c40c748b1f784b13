"""Where the subject changes: soft boundaries from two views of the words, and from the pauses between them.

The first view is the probability that a segment ends at a gap, summed over all ways to segment the text, each segment
being a bag of words of its own. The model is M. Utiyama and H. Isahara's ("A statistical model for domain-independent
text segmentation", ACL 2001); where they take the one best path, the forward-backward sums take all of them.
The second view is the depth of lexical cohesion (``cohesion``).
"""

from __future__ import annotations

import numpy as np

from moments_ray.moments.finding.cohesion import depth_scores, standardised
from moments_ray.moments.finding.terms import Floats, Ints, TermIndex

# Chosen on talks joined from unrelated pieces and on one podcast; docs/decisions/0010 has the account.
_LEAST_WEIGHT = 0.5
_SEGMENT_PRICE = 2.0
_TEMPERATURE = 2.0
_LONGEST_SEGMENT_SECONDS = 240.0
_LONGEST_SEGMENT_TOKENS = 2000  # bounds the work on a text whose times say nothing
_LEAST_LOG_PROBABILITY = -20.0
_DEPTH_SHARE = 0.25
_PAUSE_SHARE = 0.35
_MOST_PAUSE = 3.0
_LONGEST_PAUSE_SECONDS = 5.0
_FULL_STRENGTH = 2.5


def boundary_strengths(terms: TermIndex, starts: Floats, ends: Floats, *, timed: bool = True) -> Floats:
    """Return one strength per gap between sentences, shape ``(sentences - 1,)``: 0 is ordinary, 1 a sure change.

    Args:
        terms: the terms of the sentences.
        starts: where each sentence starts, in seconds.
        ends: where each sentence ends, in seconds.
        timed: whether the pauses between them were heard.
    """
    return np.clip(boundary_scores(terms, starts, ends, timed=timed) / _FULL_STRENGTH, 0.0, 1.0)


def boundary_scores(terms: TermIndex, starts: Floats, ends: Floats, *, timed: bool = True) -> Floats:
    """Return the views of each gap added up, as deviations from the text's own mean; pauses only where ``timed``."""
    posterior = np.maximum(log_boundary_probabilities(terms, starts, ends), _LEAST_LOG_PROBABILITY)
    pauses = np.log1p(np.clip(starts[1:] - ends[:-1], 0.0, _LONGEST_PAUSE_SECONDS))
    return standardised(
        standardised(posterior)
        + _DEPTH_SHARE * standardised(depth_scores(terms))
        + _PAUSE_SHARE * timed * np.minimum(standardised(pauses), _MOST_PAUSE)
    )


def log_boundary_probabilities(terms: TermIndex, starts: Floats, ends: Floats) -> Floats:
    """Return the natural log of the probability that a segment ends at each gap between sentences."""
    costs = _segment_costs(terms, starts, ends)
    sentences = len(costs)
    forward = np.full(sentences + 1, -np.inf)
    forward[0] = 0.0
    for first, cost in enumerate(costs):
        reached = slice(first + 1, first + 1 + len(cost))
        forward[reached] = np.logaddexp(forward[reached], forward[first] - cost)
    backward = np.full(sentences + 1, -np.inf)
    backward[sentences] = 0.0
    for first in range(sentences - 1, -1, -1):
        paths = backward[first + 1 : first + 1 + len(costs[first])] - costs[first]
        best = paths.max()
        backward[first] = best + np.log(np.exp(paths - best).sum())
    both: Floats = (forward + backward - forward[sentences])[1:sentences]
    return both


def _segment_costs(terms: TermIndex, starts: Floats, ends: Floats) -> list[Floats]:
    """Return for each sentence the cost of the segments that begin with it, by their last sentence.

    The cost is the negative log-likelihood of a segment's words under its own Laplace-smoothed counts, plus the price
    of one segment more, over the temperature.
    """
    telling = terms.weights > _LEAST_WEIGHT
    kept = [ids[telling[ids]] for ids in terms.ids]
    flat: Ints = np.concatenate(kept) if kept else np.zeros(0, dtype=np.int64)
    vocabulary = max(1, int(telling.sum()))
    price = _SEGMENT_PRICE * np.log(max(2, len(flat)))
    offsets = np.cumsum([0, *(len(ids) for ids in kept)])
    seen_before = _earlier_occurrences(flat)
    gains = _count_gains(int(seen_before.max()) + 2 if flat.size else 1)
    seen = np.zeros(len(terms.weights), dtype=np.int64)
    latest = np.maximum.accumulate(ends) if ends.size else ends
    costs: list[Floats] = []
    for first, ids in enumerate(kept):
        after = min(
            int(np.searchsorted(latest, starts[first] + _LONGEST_SEGMENT_SECONDS, "right")),
            int(np.searchsorted(offsets, offsets[first] + _LONGEST_SEGMENT_TOKENS, "right")) - 1,
        )
        after = max(after, first + 1)
        window = flat[offsets[first] : offsets[after]]
        inside = seen_before[offsets[first] : offsets[after]] - seen[window]
        likelihood = np.concatenate(([0.0], np.cumsum(gains[inside])))
        lengths = offsets[first + 1 : after + 1] - offsets[first]
        costs.append((lengths * np.log(lengths + vocabulary) - likelihood[lengths] + price) / _TEMPERATURE)
        np.add.at(seen, ids, 1)
    return costs


def _earlier_occurrences(flat: Ints) -> Ints:
    """Return for each token how often its term stands before it."""
    order = np.argsort(flat, kind="stable")
    ordered = flat[order]
    new_term = np.concatenate(([True], ordered[1:] != ordered[:-1])) if flat.size else np.zeros(0, dtype=bool)
    positions = np.arange(len(flat))
    earlier = np.empty_like(flat)
    earlier[order] = positions - np.maximum.accumulate(np.where(new_term, positions, 0))
    return earlier


def _count_gains(most: int) -> Floats:
    """Return what one more occurrence adds to ``f * log(f + 1)``, by the count before it."""
    counts = np.arange(most + 1, dtype=np.float64)
    return np.diff(counts * np.log(counts + 1.0))
