"""Terms of a text in any language: tokens, crude stems, and how telling each of them is."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]

# Thai, Lao, Burmese, Khmer, Japanese and Chinese have no spaces: their pairs of characters serve as words.
_SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
# Vowel signs and accents belong to their word, though Python's \w leaves them out.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0dff"
_TOKEN = re.compile(f"(?P<spaceless>[{_SPACELESS}]+)|(?:(?![{_SPACELESS}])(?:[^\\W_]|[{_MARKS}]))+")

# Five letters hold apart most words and bring together most of their forms, in every alphabet.
STEM_LETTERS = 5
_BLOCK_TOKENS = 60


def tokens(text: str) -> list[str]:
    """Part a text into case-folded tokens; where a script has no spaces, into overlapping pairs of characters."""
    found: list[str] = []
    for match in _TOKEN.finditer(unicodedata.normalize("NFKC", text).casefold()):
        token = match.group()
        if match["spaceless"] is None:
            if len(token) > 1 or token.isdigit():
                found.append(token)
        else:
            found.extend(token[at : at + 2] for at in range(max(1, len(token) - 1)))
    return found


def stem(token: str) -> str:
    """Cut a token to the letters its inflections share."""
    return token if token[0].isdigit() else token[:STEM_LETTERS]


@dataclass(frozen=True)
class TermIndex:
    """Terms by sentence: ``ids[i]`` are the term numbers of sentence i in order; the rest is by term number.

    ``weights`` are natural-log inverse block frequencies: 0 for a term that stands in every block of 60 tokens.
    """

    numbers: dict[str, int]
    ids: tuple[Ints, ...]
    counts: Ints
    weights: Floats

    def number_of(self, token: str) -> int | None:
        """Return the number of a token's term, None where the text never uses it."""
        return self.numbers.get(stem(token))

    def bag(self, first: int, last: int) -> Counter[int]:
        """Count the terms of sentences ``first`` to ``last``, inclusive."""
        counted: Counter[int] = Counter()
        for ids in self.ids[first : last + 1]:
            counted.update(ids.tolist())
        return counted

    def similarity(self, one: Counter[int], other: Counter[int]) -> float:
        """Return the weighted cosine of two bags of terms, 0 to 1."""
        squares = self.weights**2
        dot = sum(count * other[term] * float(squares[term]) for term, count in one.items() if term in other)
        norms = [sum(count * count * float(squares[term]) for term, count in bag.items()) for bag in (one, other)]
        product = norms[0] * norms[1]
        return min(1.0, dot / math.sqrt(product)) if product > 0 else 0.0


def index_terms(texts: Sequence[str]) -> TermIndex:
    """Number the terms of consecutive texts and weigh them by how few blocks they stand in."""
    numbers: dict[str, int] = {}
    ids = tuple(
        np.array([numbers.setdefault(stem(token), len(numbers)) for token in tokens(text)], dtype=np.int64)
        for text in texts
    )
    flat = np.concatenate(ids) if ids else np.zeros(0, dtype=np.int64)
    blocks = max(2, math.ceil(len(flat) / _BLOCK_TOKENS))
    frequency = np.zeros(len(numbers))
    for at in range(0, len(flat), _BLOCK_TOKENS):
        frequency[np.unique(flat[at : at + _BLOCK_TOKENS])] += 1
    return TermIndex(
        numbers=numbers,
        ids=ids,
        counts=np.bincount(flat, minlength=len(numbers)).astype(np.int64),
        weights=np.log(blocks / np.maximum(frequency, 1.0)),
    )
