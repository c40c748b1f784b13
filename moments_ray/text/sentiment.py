"""How a talk feels, sentence by sentence: by VADER's lexicon of English, or by scores that come from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal, Protocol

from pydantic import FiniteFloat
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from moments_ray.speech.sentences import Sentence
from moments_ray.speech.transcript import Frozen

LANGUAGES = frozenset({"en"})
Sentiment = Literal["positive", "neutral", "negative", "mixed"]

_LEAST = 0.05  # VADER's own bounds of neutral, of its compound score
_STRONG = 0.3  # a sentence that clearly feels so
_MIXED_SHARE = 0.15  # of such sentences, on either side
_POINTS = 120  # of a timeline: enough for a chart, and no more than a stage hands on
_SHORTEST_POINT_SECONDS = 10.0


class Timed(Protocol):
    """What is said from ``start`` to ``end``, in seconds."""

    @property
    def start(self) -> float:
        """When it begins."""

    @property
    def end(self) -> float:
        """When it ends."""


class TimelinePoint(Frozen):
    """The mean sentiment, -1 to 1, of what is said from ``start`` to ``end``, in seconds."""

    start: FiniteFloat
    end: FiniteFloat
    score: FiniteFloat


class SentimentResult(Frozen):
    """A talk's sentiment as a word, as a number from -1 to 1, and over its time."""

    sentiment: Sentiment
    score: FiniteFloat
    timeline: tuple[TimelinePoint, ...]


@cache
def _analyzer() -> Any:
    return SentimentIntensityAnalyzer()


def sentiment_of(sentences: Sequence[Sentence]) -> SentimentResult:
    """Return the sentiment of English sentences; of none it is neutral."""
    scores = [float(_analyzer().polarity_scores(sentence.text)["compound"]) for sentence in sentences]
    return sentiment_by_scores(sentences, scores, words_of(sentences))


def words_of(sentences: Sequence[Sentence]) -> list[int]:
    """Return how many words each sentence has."""
    return [max(1, sentence.last_word - sentence.first_word + 1) for sentence in sentences]


def sentiment_by_scores(spans: Sequence[Timed], scores: Sequence[float], weights: Sequence[int]) -> SentimentResult:
    """Return the sentiment of what is said, of a score from -1 to 1 and a weight each."""
    score = _mean(scores, weights)
    return SentimentResult(
        sentiment=_word(scores, score), score=round(score, 3), timeline=_timeline(spans, scores, weights)
    )


def _word(scores: Sequence[float], score: float) -> Sentiment:
    glad, sad = (sum(sign * each > _STRONG for each in scores) for sign in (1, -1))
    if scores and min(glad, sad) >= _MIXED_SHARE * len(scores):
        return "mixed"
    return "positive" if score >= _LEAST else "negative" if score <= -_LEAST else "neutral"


def _timeline(spans: Sequence[Timed], scores: Sequence[float], weights: Sequence[int]) -> tuple[TimelinePoint, ...]:
    if not spans:
        return ()
    step = max(_SHORTEST_POINT_SECONDS, (spans[-1].end - spans[0].start) / _POINTS)
    groups: dict[int, list[int]] = {}
    for at, span in enumerate(spans):
        groups.setdefault(int((span.start - spans[0].start) / step), []).append(at)
    return tuple(
        TimelinePoint(
            start=spans[group[0]].start,
            end=spans[group[-1]].end,
            score=round(_mean([scores[at] for at in group], [weights[at] for at in group]), 3),
        )
        for group in groups.values()
    )


def _mean(values: Sequence[float], weights: Sequence[int]) -> float:
    return sum(value * weight for value, weight in zip(values, weights, strict=True)) / (sum(weights) or 1)
