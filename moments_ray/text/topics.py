"""What a talk is about: groups of words that go together, and where they do."""

from __future__ import annotations

import warnings

import numpy as np
from pydantic import FiniteFloat

from moments_ray.speech.transcript import Frozen
from moments_ray.text.terms import TermTable, percentiles

_MOST_TOPICS = 8
_PASSAGES_A_TOPIC = 3
_WORDS = 6
_BELONGS = 0.5  # of the share in its best passage, from which on a passage is about a topic


class Topic(Frozen):
    """Words that go together; ``weight`` is the topic's share of the talk, ``ranges`` where it is spoken of."""

    label: str
    words: tuple[str, ...]
    weight: FiniteFloat
    score: FiniteFloat
    ranges: tuple[tuple[FiniteFloat, FiniteFloat], ...]


def topics_of(table: TermTable, least_score: float) -> tuple[Topic, ...]:
    """Return the topics whose score, a percentile among those found, is at least ``least_score``, the largest first.

    The factors of a non-negative factorisation, which begins at the singular vectors and so is the same every time.
    """
    from sklearn.decomposition import NMF  # noqa: PLC0415 - as in terms
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415

    count = min(_MOST_TOPICS, max(1, len(table.passages) // _PASSAGES_A_TOPIC), len(table.terms))
    if not table or min(table.weights.shape) < 1:
        return ()
    # Nearly there is near enough for words; of a table that is met exactly the error is the root of nothing, or below.
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = NMF(n_components=min(count, *table.weights.shape), init="nndsvd", max_iter=300, tol=1e-3)
        shares = model.fit_transform(table.weights)
    totals = shares.sum(axis=0)
    order = [int(at) for at in np.argsort(-totals, kind="stable") if totals[at] > 0]
    labels: list[str] = []
    found: list[tuple[str, tuple[str, ...], int]] = []
    for at in order:
        words = _words(table.terms, model.components_[at])
        label = next((word for word in words if word not in labels), None)
        if label is not None:
            labels.append(label)
            found.append((label, words, at))
    scores = percentiles([float(totals[at]) for _, _, at in found]) if found else []
    whole = float(totals.sum())
    return tuple(
        Topic(
            label=label,
            words=words,
            weight=round(float(totals[at]) / whole, 3),
            score=score,
            ranges=_ranges(table, shares[:, at]),
        )
        for (label, words, at), score in zip(found, scores, strict=True)
        if score >= least_score
    )


def _words(terms: tuple[str, ...], component: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[str, ...]:
    """Return the words of a factor, the strongest first, without those that are a part of a stronger one."""
    chosen: list[str] = []
    for at in np.argsort(-component, kind="stable")[: 4 * _WORDS]:
        term = terms[at]
        if component[at] > 0 and not any(f" {term} " in f" {one} " or f" {one} " in f" {term} " for one in chosen):
            chosen.append(term)
    return tuple(chosen[:_WORDS])


def _ranges(
    table: TermTable, share: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
) -> tuple[tuple[float, float], ...]:
    """Return where a topic is spoken of, in seconds; passages that follow each other are one range."""
    ranges: list[list[float]] = []
    before = -2
    for at in np.flatnonzero(share >= _BELONGS * share.max()):
        passage = table.passages[at]
        if at == before + 1:
            ranges[-1][1] = passage.end
        else:
            ranges.append([passage.start, passage.end])
        before = int(at)
    return tuple((round(start, 2), round(end, 2)) for start, end in ranges)
