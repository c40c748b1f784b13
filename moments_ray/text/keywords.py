"""The terms that tell most of a talk."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from pydantic import FiniteFloat

from moments_ray.speech.sentences import Sentence
from moments_ray.speech.transcript import Frozen
from moments_ray.text.terms import TermTable, percentiles

MOST_KEYWORDS = 20
_POOL = 80  # of terms that are looked at: a score says where among them a keyword stands
_FEWEST = 2  # times that a term is said
_A_WORD_MORE = 0.25  # what a term gains by each further word: "neural network" says more than "network"


class Keyword(Frozen):
    """A term, its score from 0 to 1, how often it is said and where first, in seconds."""

    text: str
    score: FiniteFloat
    count: int
    first_at: FiniteFloat


def keywords_of(table: TermTable, sentences: Sequence[Sentence], least_score: float) -> tuple[Keyword, ...]:
    """Return the keywords whose score is at least ``least_score``, the best first."""
    if not table:
        return ()
    sums = np.asarray(table.weights.sum(axis=0)).ravel()
    lengths = np.array([term.count(" ") for term in table.terms])
    worth = sums * (1 + _A_WORD_MORE * lengths)
    found: list[tuple[str, float, int, float]] = []
    for at in np.argsort(-worth, kind="stable"):
        said = times_said(table.terms[at], sentences)
        if len(said) >= _FEWEST and not any(is_within(table.terms[at], term) for term, *_ in found):
            found.append((table.terms[at], float(worth[at]), len(said), said[0]))
        if len(found) == _POOL:
            break
    scores = percentiles([worth for _, worth, _, _ in found]) if found else []
    shown = [
        Keyword(text=term, score=score, count=count, first_at=round(first, 2))
        for (term, _, count, first), score in zip(found, scores, strict=True)
        if score >= least_score
    ]
    return tuple(shown[:MOST_KEYWORDS])


def is_within(term: str, other: str) -> bool:
    """Tell whether one of two terms is a part of the other, in whole words."""
    return f" {term} " in f" {other} " or f" {other} " in f" {term} "


def times_said(term: str, sentences: Sequence[Sentence]) -> list[float]:
    """Return when the sentences begin that have a term, once for each time."""
    pattern = re.compile(r"(?<!\w)" + r"\W+".join(map(re.escape, term.split())) + r"(?!\w)", re.IGNORECASE)
    return [sentence.start for sentence in sentences for _ in pattern.finditer(sentence.text.replace("’", "'"))]
