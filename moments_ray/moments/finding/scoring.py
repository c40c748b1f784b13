"""What makes one sentence more worth hearing than others: capped signals, half each against around it and the whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from moments_ray.media.signals import Signals
from moments_ray.moments.finding import cues
from moments_ray.moments.finding.terms import Floats, tokens
from moments_ray.moments.finding.timeline import Timeline

WINDOW_SECONDS = 150.0
LOUDNESS_SECONDS = 0.1
CAP = 2.0

_WEIGHTS = {
    "loudness": 1.8,
    "pauses": 0.3,
    "pace": 0.25,
    "questions": 0.5,
    "numbers": 0.3,
    "contrast": 0.3,
    "rarity": 0.5,
}
# Deviations smaller than these are nobody's doing: dB, log seconds, tokens a second, shares, nats, shares.
_LEAST_DEVIATION = {
    "loudness": 1.0,
    "pauses": 0.1,
    "pace": 0.4,
    "questions": 0.1,
    "numbers": 0.02,
    "contrast": 0.02,
    "rarity": 0.2,
    "replays": 0.05,
}
_PENALTIES = {"greeting": 1.0, "sponsoring": 2.0, "repeats": 1.0}
_QUIETEST_DECIBELS = -90.0
_SHORT_OPENING_TOKENS = 4
_ANSWER_SENTENCES = 2
_ASIDE_SENTENCES = 3  # before and after one, that tell an aside from an odd sentence


@dataclass(frozen=True)
class SentenceScores:
    """One number per sentence in every array.

    ``signals`` are deviations within ``CAP``; ``content`` is their weighted sum, of asides only a part of it, less the
    penalties; ``opening`` tells from -1 to 1 how well a sentence stands at a beginning, ``closing`` from -1 to 0
    how well it stands at an end.
    """

    signals: Mapping[str, Floats]
    content: Floats
    opening: Floats
    closing: Floats


def score_sentences(timeline: Timeline, signals: Signals | None, replays: Floats | None = None) -> SentenceScores:
    """Measure every sentence of a source against the sentences around it.

    Args:
        timeline: the sentences.
        signals: what was measured of sound and picture, if there was any.
        replays: how often each sentence was replayed, if its site tells.
    """
    words = [tokens(sentence.text) for sentence in timeline.sentences]
    middles = (timeline.starts + timeline.ends) / 2
    raw = {
        "questions": _questions(timeline),
        "numbers": np.array([sum(token[0].isdigit() for token in heard) / max(4, len(heard)) for heard in words]),
        "contrast": np.array([sum(token in cues.CONTRASTS for token in heard) / max(4, len(heard)) for heard in words]),
        "rarity": np.array(
            [float(timeline.terms.weights[ids].mean()) if ids.size else 0.0 for ids in timeline.terms.ids]
        ),
    }
    if timeline.is_timed:
        gaps = np.maximum(0.0, timeline.starts - np.concatenate(([0.0], timeline.ends[:-1])))
        sizes = np.array([len(ids) for ids in timeline.terms.ids])
        raw["pauses"] = np.log1p(gaps)
        raw["pace"] = sizes / np.maximum(timeline.ends - timeline.starts, 0.5)
    if signals is not None and signals.loudness:
        raw["loudness"] = mean_loudness(signals, timeline.starts, timeline.ends)
    if replays is not None:
        raw["replays"] = replays
    deviations = {
        name: (local_deviations(values, middles, least) + _deviations(values, least)) / 2
        for name, values in raw.items()
        for least in (_LEAST_DEVIATION[name],)
    }
    content = sum(
        (weight * deviations[name] for name, weight in _WEIGHTS.items() if name in deviations), np.zeros(len(words))
    )
    content = np.where(content > 0, content * _nearness(timeline), content)
    penalties = _penalties(timeline, words)
    for name, weight in _PENALTIES.items():
        content = content - weight * penalties[name]
    return SentenceScores(deviations, content, _openings(timeline, words), _closings(timeline))


def local_deviations(values: Floats, middles: Floats, least: float) -> Floats:
    """Standardise values against those within ``WINDOW_SECONDS`` around and cap them.

    Args:
        values: one per stretch.
        middles: the times of the stretches, in seconds.
        least: the deviation below which values count as alike.
    """
    if not values.size:
        return values
    order = np.maximum.accumulate(middles)
    first = np.searchsorted(order, order - WINDOW_SECONDS, "left")
    after = np.searchsorted(order, order + WINDOW_SECONDS, "right")
    count = after - first
    centred = values - values.mean()  # keeps the running sums of squares exact enough to subtract
    sums = np.concatenate(([0.0], np.cumsum(centred)))
    squares = np.concatenate(([0.0], np.cumsum(centred**2)))
    mean = (sums[after] - sums[first]) / count
    variance = np.maximum(0.0, (squares[after] - squares[first]) / count - mean**2)
    # Where a stretch hardly varies, its small differences say little: the whole text sets the least deviation.
    deviation = np.maximum(np.sqrt(variance), max(least, 0.25 * float(centred.std())))
    deviations: Floats = np.clip((centred - mean) / deviation, -CAP, CAP)
    return deviations


def _deviations(values: Floats, least: float) -> Floats:
    """Standardise values against all of them and cap them; differences below ``least`` count as none."""
    if not values.size:
        return values
    deviations: Floats = np.clip((values - values.mean()) / max(float(values.std()), least), -CAP, CAP)
    return deviations


def _nearness(timeline: Timeline) -> Floats:
    """Return how near the stretch around each sentence is to what the whole talk is about: 0 far, 1 as near as most."""
    terms = timeline.terms
    if not terms.ids:
        return np.zeros(0)
    centre = terms.counts * terms.weights
    share = np.array([float((centre * terms.weights)[ids].sum()) for ids in terms.ids])
    length = np.array([float((terms.weights[ids] ** 2).sum()) for ids in terms.ids])
    around = np.ones(2 * _ASIDE_SENTENCES + 1)
    near = np.convolve(share, around)[_ASIDE_SENTENCES:-_ASIDE_SENTENCES]
    size = np.sqrt(np.convolve(length, around)[_ASIDE_SENTENCES:-_ASIDE_SENTENCES])
    nearness = near / np.maximum(size, 1e-9)
    middling = float(np.median(nearness))
    return np.clip(nearness / middling, 0.0, 1.0) if middling > 0 else np.ones(len(share))


def mean_loudness(signals: Signals, starts: Floats, ends: Floats) -> Floats:
    """Return the mean loudness of stretches in decibels."""
    decibels = np.maximum(np.nan_to_num(np.array(signals.loudness), nan=_QUIETEST_DECIBELS), _QUIETEST_DECIBELS)
    sums = np.concatenate(([0.0], np.cumsum(decibels)))
    first = np.clip((starts / LOUDNESS_SECONDS).astype(int), 0, len(decibels) - 1)
    after = np.clip(np.ceil(ends / LOUDNESS_SECONDS).astype(int), first + 1, len(decibels))
    means: Floats = (sums[after] - sums[first]) / (after - first)
    return means


def _questions(timeline: Timeline) -> Floats:
    """Give a question 1 and the sentences that answer it a half."""
    asked = timeline.asks
    values = asked.astype(float)
    for after in range(1, _ANSWER_SENTENCES + 1):
        values[after:] = np.maximum(values[after:], 0.5 * asked[:-after])
    return values


def _penalties(timeline: Timeline, words: list[list[str]]) -> dict[str, Floats]:
    texts = [sentence.text for sentence in timeline.sentences]
    said: set[tuple[str, ...]] = set()
    repeats = np.zeros(len(texts))
    for at, heard in enumerate(words):
        key = tuple(heard)
        repeats[at] = float(len(key) > _SHORT_OPENING_TOKENS and key in said)
        said.add(key)
    return {
        "greeting": np.array([float(bool(cues.GREETING.search(text))) for text in texts]),
        "sponsoring": np.array([float(bool(cues.SPONSORING.search(text))) for text in texts]),
        "repeats": repeats,
    }


def _openings(timeline: Timeline, words: list[list[str]]) -> Floats:
    texts = [sentence.text for sentence in timeline.sentences]
    begun_small = np.array([text[:1].islower() for text in texts])
    values = np.zeros(len(words))
    for at, heard in enumerate(words):
        if not heard:
            values[at] = -1.0
            continue
        if heard[0] in cues.LEANING_OPENERS:
            values[at] -= 0.6
        values[at] += 0.4 if len(heard) > _SHORT_OPENING_TOKENS else -0.4
        if timeline.asks[at]:
            values[at] += 0.4
    # A small letter tells of a sentence parted in its middle only as far as others begin with a capital.
    values -= 1.2 * begun_small * (1.0 - begun_small.mean() if texts else 0.0)
    return np.clip(values, -1.0, 1.0)


def _closings(timeline: Timeline) -> Floats:
    """Give -1 to a sentence that asks, and to one that stops unfinished, as far as the text marks such ends at all."""
    finished = np.array([sentence.ends_sentence for sentence in timeline.sentences], dtype=bool)
    asks = np.array(
        [sentence.text.rstrip("\"'”’)] ").endswith(tuple(cues.QUESTION_MARKS)) for sentence in timeline.sentences],
        dtype=bool,
    )
    return np.minimum(-1.0 * ~finished * (finished.mean() if finished.size else 0.0), -1.0 * asks)
