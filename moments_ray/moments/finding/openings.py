"""What speaks for a part of a talk beginning with a sentence: one number per sentence and cue.

Most cues are of words and hold in any language; a few know English and say nothing elsewhere. Turns are read from the
names of a transcript's speakers, a sentence encoder is an extra view where one is installed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from moments_ray.moments.finding import cues
from moments_ray.moments.finding.cohesion import climbs, standardised
from moments_ray.moments.finding.segmentation import boundary_scores
from moments_ray.moments.finding.terms import Floats, Ints, tokens
from moments_ray.moments.finding.timeline import Timeline

_FIRST_GAP = 1.0  # the deviation of the gap that nothing stands before
_MOST_DEVIATION = 3.0
_AHEAD = 3  # sentences in which an opening comes to its point
_QUESTION_AHEAD = 4
_NEW_TERMS_NEAR, _NEW_TERMS_FAR = 2, 6
_FEW_TOKENS = 10.0
_MIDDLING_TURN = float(np.log1p(30.0))  # tokens
_DOUBT = 2.0  # questions that are taken for granted of every speaker
_FEWEST_TURNS = 5
_NEIGHBOURS = (4, 10)


def has_turns(timeline: Timeline) -> bool:
    """Tell whether speakers are known well enough to go by their turns."""
    turns = sum(part.opens_turn for part in timeline.sentences)
    return turns >= _FEWEST_TURNS and len({part.speaker for part in timeline.sentences}) > 1


def opening_cues(timeline: Timeline, vectors: Floats | None) -> Mapping[str, Floats]:
    """Return the cues of every sentence by name; those of turns and of vectors only where there are any.

    Args:
        timeline: the sentences.
        vectors: their meanings by a sentence encoder, shape ``(sentences, dimensions)``.
    """
    heard = [tokens(part.text) for part in timeline.sentences]
    sizes = np.array([len(words) for words in heard], dtype=np.float64)
    found = _text_cues(timeline, heard, sizes)
    if vectors is not None:
        for size in _NEIGHBOURS:
            likeness = _likeness(vectors, size)
            found[f"meaning drops, {size}"] = _before_each(climbs(likeness))
        found["meaning differs"] = _before_each(-_likeness(vectors, 6))
    if has_turns(timeline):
        found.update(_turn_cues(timeline, sizes, found))
    return found


def _text_cues(timeline: Timeline, heard: list[list[str]], sizes: Floats) -> dict[str, Floats]:
    texts = [part.text for part in timeline.sentences]
    first = [words[0] if words else "" for words in heard]
    asked = timeline.asks.astype(np.float64)
    asking = np.array([bool(cues.ASKING.search(text)) for text in texts], dtype=np.float64)
    moving = np.array([bool(cues.MOVING_ON.search(text)) for text in texts], dtype=np.float64)
    announcing = np.array([bool(cues.ANNOUNCING.search(text)) for text in texts], dtype=np.float64)
    opening = np.maximum.reduce([asked, asking, moving, announcing])
    fresh = np.array([word in cues.FRESH_OPENERS for word in first], dtype=np.float64)
    leaning = np.array([not word or word in cues.LEANING_OPENERS for word in first], dtype=np.float64)
    boundary = boundary_scores(timeline.terms, timeline.starts, timeline.ends, timed=timeline.is_timed)
    new = _new_terms(timeline, sizes)
    return {
        "boundary": _before_each(boundary),
        "opens fresh": fresh,
        "leans": leaning * (1.0 - fresh),
        "asks": asking,
        "moves on": moving,
        "opening words ahead": _ahead(opening, _AHEAD),
        "question ahead": np.minimum(1.0, _ahead(np.append(asked[1:], 0.0), _QUESTION_AHEAD)),
        "new terms": _capped(_rate(new, sizes, 0, _NEW_TERMS_NEAR)),
        "more new terms than before": _capped(
            _rate(new, sizes, 0, _NEW_TERMS_FAR) - _rate(new, sizes, -_NEW_TERMS_FAR, 0)
        ),
    }


def _turn_cues(timeline: Timeline, sizes: Floats, found: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return what the turns say: that one begins, how long it or what answers it is, and whether its speaker asks."""
    opens = np.array([part.opens_turn for part in timeline.sentences], dtype=np.float64)
    if opens.size:
        opens[0] = 1.0
    starts = np.flatnonzero(opens)
    turn = np.cumsum(opens).astype(np.int64) - 1
    lengths = np.log1p(np.add.reduceat(sizes, starts)) - _MIDDLING_TURN
    answers = np.append(lengths[1:], 0.0)
    asks = timeline.asks.astype(np.float64)
    asked = np.add.reduceat(asks, starts)
    speakers = [part.speaker for part in timeline.sentences]
    asker, share = _askers(speakers, asks, sizes)
    into = np.arange(len(sizes)) - starts[turn]
    return {
        "turn": opens,
        "turn asks": opens * np.minimum(1.0, asked[turn]),
        "turn's length": opens * lengths[turn],
        "turn or answer is long": opens * np.maximum(lengths, answers)[turn],
        "turn at a boundary": opens * found["boundary"],
        "turn of who asks": opens * asker,
        "turn of who says little": opens * (1.0 - share),
        "sentences into the turn": np.log1p(into.astype(np.float64)),
    }


def _askers(speakers: list[str | None], asked: Floats, sizes: Floats) -> tuple[Floats, Floats]:
    """Return for each sentence how much oftener its speaker asks than all do (log ratio), and their share of words."""
    said: dict[str | None, float] = {}
    questions: dict[str | None, float] = {}
    for speaker, question, size in zip(speakers, asked.tolist(), sizes.tolist(), strict=True):
        said[speaker] = said.get(speaker, 0.0) + size
        questions[speaker] = questions.get(speaker, 0.0) + question
    total = max(1.0, float(sizes.sum()))
    rate = max(float(asked.sum()) / total, 1e-6)
    ratio = {name: np.log((questions[name] + _DOUBT) / (said[name] + _DOUBT / rate) / rate) for name in said}
    return (
        np.array([ratio[name] for name in speakers], dtype=np.float64),
        np.array([said[name] / total for name in speakers], dtype=np.float64),
    )


def _before_each(gaps: Floats) -> Floats:
    """Turn one number per gap into one per sentence, as capped deviations: that of the gap before it."""
    return np.concatenate(([_FIRST_GAP], _capped(gaps)))


def _capped(values: Floats) -> Floats:
    return np.clip(standardised(values), -_MOST_DEVIATION, _MOST_DEVIATION)


def _ahead(values: Floats, count: int) -> Floats:
    """Return the sum of each value and those after it, ``count`` in all."""
    sums = np.concatenate(([0.0], np.cumsum(values)))
    at = np.arange(len(values))
    ahead: Floats = sums[np.minimum(at + count, len(values))] - sums[at]
    return ahead


def _new_terms(timeline: Timeline, sizes: Floats) -> Floats:
    """Return the weight of the terms that each sentence is the first to use."""
    seen = np.zeros(len(timeline.terms.weights), dtype=bool)
    new = np.zeros(len(sizes))
    for at, ids in enumerate(timeline.terms.ids):
        first: Ints = np.unique(ids[~seen[ids]])
        seen[first] = True
        new[at] = float(timeline.terms.weights[first].sum())
    return new


def _rate(values: Floats, sizes: Floats, begin: int, end: int) -> Floats:
    """Return the values a token in the sentences from ``begin`` to before ``end``, counted from each sentence."""
    count = len(values)
    sums, tokens_before = np.concatenate(([0.0], np.cumsum(values))), np.concatenate(([0.0], np.cumsum(sizes)))
    at = np.arange(count)
    first, after = np.clip(at + begin, 0, count), np.clip(at + end, 0, count)
    rate: Floats = (sums[after] - sums[first]) / (tokens_before[after] - tokens_before[first] + _FEW_TOKENS)
    return rate


def _likeness(vectors: Floats, size: int) -> Floats:
    """Return the cosine of the mean meanings of ``size`` sentences before and after each gap."""
    count = len(vectors)
    sums = np.vstack((np.zeros((1, vectors.shape[1])), np.cumsum(vectors, axis=0)))
    gaps = np.arange(1, count)
    before = sums[gaps] - sums[np.maximum(0, gaps - size)]
    after = sums[np.minimum(count, gaps + size)] - sums[gaps]
    norms = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    likeness: Floats = (before * after).sum(axis=1) / np.maximum(norms, 1e-9)
    return likeness
