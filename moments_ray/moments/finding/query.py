"""What a user asked for, as terms of the text: lexical, so only words the speakers used can match."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from moments_ray.moments.finding import cues
from moments_ray.moments.finding.options import FindOptions
from moments_ray.moments.finding.terms import Floats, Ints, TermIndex, tokens

_MOST_TERMS = 32
_FULL_MENTIONS = 3
_FULL_SHARE = 1 / 3
_LEAST_WEIGHT = 0.3  # a term of nearly every block tells nothing apart


@dataclass(frozen=True)
class Query:
    """The asked words that occur: how each is written, what each weighs, and running counts by sentence.

    ``running`` has a row per word, ``speaking`` counts the sentences that use any of them.
    """

    words: tuple[str, ...]
    weights: Floats
    running: Ints
    speaking: Ints

    @classmethod
    def of(cls, options: FindOptions, terms: TermIndex) -> Query:
        """Take the telling words of prompt and topic that the text uses."""
        chosen: dict[int, str] = {}
        for token in tokens(f"{options.topic or ''} {options.prompt or ''}"):
            number = terms.number_of(token)
            if number is not None and token not in cues.FUNCTION_WORDS and terms.weights[number] >= _LEAST_WEIGHT:
                chosen.setdefault(number, token)
        numbers = list(chosen)[:_MOST_TERMS]
        running = np.zeros((len(numbers), len(terms.ids) + 1), dtype=np.int64)
        for at, ids in enumerate(terms.ids):
            running[:, at + 1] = running[:, at] + [int((ids == number).sum()) for number in numbers]
        speaking = np.concatenate(([0], np.cumsum(np.diff(running).any(axis=0)))).astype(np.int64)
        weights = terms.weights[numbers] if numbers else np.zeros(0)
        return cls(tuple(chosen[number] for number in numbers), weights, running, speaking)

    def coverage(self, first: int, last: Ints) -> Floats:
        """Return the weighted share, 0 to 1, of the asked words in the runs from ``first`` to each of ``last``.

        A word counts in full from its third mention on, and all count in full where a third of the sentences use one:
        what a moment is about is named more than once and not in passing.
        """
        if not self.words:
            return np.zeros(len(last))
        mentions = self.running[:, last + 1] - self.running[:, [first]]
        speaking = (self.speaking[last + 1] - self.speaking[first]) / (last + 1 - first)
        shares: Floats = self.weights @ np.minimum(1.0, mentions / _FULL_MENTIONS) / self.weights.sum()
        focused: Floats = shares * np.minimum(1.0, speaking / _FULL_SHARE)
        return focused

    def matched(self, first: int, last: int) -> list[str]:
        """Return the asked words that a run of sentences uses."""
        counts = self.running[:, last + 1] - self.running[:, first]
        return [word for word, count in zip(self.words, counts.tolist(), strict=True) if count]
