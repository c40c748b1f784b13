"""A talk as a table: passages down, terms across, each cell how telling a term is of a passage."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from moments_ray.speech.sentences import Sentence

PASSAGE_SECONDS = 45.0
_LONGEST_TERM = 3  # words
_MOST_TERMS = 4000
_FEW_PASSAGES = 10  # so short a talk may be about one thing alone, and name it in every passage
# A letter, then letters, digits and what stands within words; numbers say little of what a talk is about.
_TOKEN = r"(?u)\b[^\W\d_][\w'’-]+\b"  # noqa: S105 - a pattern
# What speech is full of and texts are not; sklearn's list was made for texts.
_SPOKEN = frozenset(
    re.findall(
        r"\S+",
        "um uh yeah yes okay ok like just really actually basically going gonna got get gets know think thing things "
        "lot kind sort right well let lets say said want way look see make makes use used using different dont don't "
        "that's it's you're we're they're i'm i've we've you've there's what's can't won't didn't isn't let's one two "
        "also much many maybe mean come comes goes good need people time question guys guess probably doing does did "
        "big better stuff trying try tries giving give gives little new important able sure talk talking talked point "
        "doesn't didn't couldn't wouldn't shouldn't haven't hasn't wasn't weren't aren't i'll i'd we'll we'd you'll "
        "you'd they'll they'd they've he's she's who's cool great nice hey hi hello thanks thank basically everybody "
        "somebody anybody everything anything person today now start started happen happens happened",
    )
)


@dataclass(frozen=True)
class Passage:
    """Some sentences in a row; times in seconds."""

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class TermTable:
    """The weights (passages by terms, TF-IDF with rows of length 1) and the terms of its columns."""

    passages: tuple[Passage, ...]
    terms: tuple[str, ...]
    weights: Any

    def __bool__(self) -> bool:
        return bool(self.terms)


def passages_of(sentences: Sequence[Sentence]) -> tuple[Passage, ...]:
    """Part sentences into passages of about ``PASSAGE_SECONDS``."""
    groups: list[list[Sentence]] = []
    for sentence in sentences:
        if not groups or sentence.end - groups[-1][0].start > PASSAGE_SECONDS:
            groups.append([])
        groups[-1].append(sentence)
    return tuple(Passage(group[0].start, group[-1].end, " ".join(each.text for each in group)) for group in groups)


def term_table(
    sentences: Sequence[Sentence], *, english: bool, nouns: Sequence[Sequence[str]] | None = None
) -> TermTable:
    """Weigh the terms of a talk; terms that stand in nearly every passage tell nothing and are left out.

    With ``nouns``, those of each passage, they are the terms; without, every few words in a row.
    """
    # Importing scikit-learn takes a second, starts threads and sets variables of the environment.
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer  # noqa: PLC0415

    passages = passages_of(sentences)
    words: dict[str, Any] = {
        "token_pattern": _TOKEN,
        "lowercase": True,
        "stop_words": sorted(ENGLISH_STOP_WORDS | _SPOKEN) if english else None,
        "ngram_range": (1, _LONGEST_TERM),
    }
    vectorizer = TfidfVectorizer(
        **(words if nouns is None else {"analyzer": list}),
        max_df=1.0 if len(passages) < _FEW_PASSAGES else 0.6 if english else 0.4,
        max_features=_MOST_TERMS,
        sublinear_tf=True,
    )
    texts = [passage.text.replace("’", "'") for passage in passages]
    try:
        weights = vectorizer.fit_transform(texts if nouns is None else nouns)
    except ValueError:  # nothing but words that tell nothing
        return TermTable(passages, (), np.zeros((len(passages), 0)))
    return TermTable(passages, tuple(vectorizer.get_feature_names_out()), weights)


def percentiles(values: Sequence[float]) -> list[float]:
    """Return which share of values each one is not below, so that the best of any list has 1."""
    order = np.sort(np.asarray(values))
    return [round(float(np.searchsorted(order, value, side="right")) / len(order), 3) for value in values]
