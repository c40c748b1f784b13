"""Titles that a moment says itself: its own short question, or its strongest short sentence, cleaned of fillers.

What a moment is about it says again: of its questions and sentences those win whose informative words come back in the
rest of it. General nouns ("case", "idea", "level"; H.-J. Schmid, "English Abstract Nouns as Conceptual Shells", 2000)
inform nobody.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from moments_ray.moments.finding import cues
from moments_ray.moments.finding.terms import stem, tokens
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.moments.finding.title_cleaning import (
    announced,
    cleaned,
    existing,
    first_question,
    is_clause,
    is_statement,
    is_torn,
    is_unbroken,
    main_clause,
    main_question,
    opens_on_pronoun,
    pointers,
)

_FEWEST_WORDS, _MOST_WORDS = 4, 14
_MOST_WORDS_OF_A_STATEMENT = 11
_FEWEST_OF_A_DEFINITION = 3  # "What is yeast?"
_FEWEST_ANNOUNCED = 2  # "Let us talk about sourdough bread."
_MOST_WORDS_WITHOUT_VERB = 5  # "Bigger loaves, smaller loaves?"
_LONGEST = 80  # characters
_QUESTION_BONUS = 2.0
_OPENING_BONUS = 1.5
_LATE = 0.5  # what a sentence at the end of the moment loses
_POINTING = 0.6  # what a word that points elsewhere leaves of a sentence's worth
_LEAST_INFORMATIVE = 2
_TELLING_TERMS = 10  # a title has one of the words that tell these sentences best, or one that comes back
_COMES_BACK = {True: 1, False: 2}  # how often it must, by whether it is asked
_OPENING_SENTENCES = 3  # what is asked there is what the moment answers
_RECURRENCE = 1.0
_DEFINITION = re.compile(
    r"^(?:what|who)(?:'s|’s| is| are| was| were)\s+(?:an? |the )?[\w-]+(?: [\w-]+)?\?$", re.IGNORECASE
)


@dataclass(frozen=True)
class Wording:
    """What is known of a text's words: how telling each is of the moment, which carry meaning, which are verbs."""

    worth: Callable[[str], float]
    weight: Callable[[str], float]
    is_informative: Callable[[str], bool]
    is_verb: Callable[[str], bool]
    english: bool


def spoken_titles(timeline: Timeline, first: int, last: int, wording: Wording) -> list[str]:
    """Return what sentences ``first`` to ``last``, inclusive, say that can stand as a title, best first."""
    heard = {word for part in timeline.sentences[first : last + 1] for word in part.text.split()}
    inside = Counter(stem(token) for part in timeline.sentences[first : last + 1] for token in tokens(part.text))
    informative = {token for word in heard if wording.is_informative(word) for token in tokens(word)}
    ranked = sorted((wording.worth(token) for token in informative), reverse=True)
    least = max(ranked[min(len(ranked), _TELLING_TERMS) - 1], 1e-9) if ranked else 0.0
    found: list[tuple[float, int, str]] = []
    for at in range(first, last + 1):
        if not timeline.sentences[at].ends_sentence:
            continue
        asks = bool(timeline.asks[at]) or cues.opens_as_question(timeline.sentences[at].text)
        near = at < first + _OPENING_SENTENCES
        opening = asks and near
        for title in _forms(timeline.sentences[at].text, asks=asks, opens=near, wording=wording):
            value = _value(title, inside, wording, least=0.0 if opening else least)
            if value > 0:
                value *= _POINTING ** pointers(title) * (_OPENING_BONUS if opening else 1.0)
                value *= (_QUESTION_BONUS if asks else 1.0) * (1.0 - _LATE * (at - first) / (last - first + 1))
                found.append((-value, at, title))
                break
    return [title for _, _, title in sorted(found)]


def _forms(text: str, *, asks: bool, opens: bool, wording: Wording) -> Iterator[str]:
    """Give the forms in which a sentence could stand as a title.

    Of a question that is itself, the first one in it, or its main clause; of a statement what it announces or says that
    there is, itself, or its main clause.
    """
    title = cleaned(text, asks=asks)
    said = cleaned(text, asks=False) if wording.english else ""
    for subject in (announced(said) if opens else "", "" if asks else existing(said)):
        if not opens_on_pronoun(subject) and _FEWEST_ANNOUNCED <= len(subject.split()) <= _MOST_WORDS_OF_A_STATEMENT:
            yield subject
    shorter = (first_question(title), main_question(first_question(title))) if asks else (main_clause(title),)
    for form in (title, *shorter):
        if not form or len(form) > _LONGEST or opens_on_pronoun(form):
            continue
        words = len(form.split())
        fewest = _FEWEST_OF_A_DEFINITION if asks and _DEFINITION.match(form) else _FEWEST_WORDS
        if not fewest <= words <= (_MOST_WORDS if asks else _MOST_WORDS_OF_A_STATEMENT):
            continue
        if cues.GREETING.search(form) or cues.SPONSORING.search(form):
            continue
        if _asks(form, wording) if asks else _stands_alone(form, wording):
            yield form


def _asks(title: str, wording: Wording) -> bool:
    """Tell a question that is whole, or too short to need a verb, from a clause that was cut off one."""
    if cues.opens_as_question(title):
        return not wording.english or not is_clause(title)
    return (len(title.split()) <= _MOST_WORDS_WITHOUT_VERB and not is_torn(title)) or _stands_alone(title, wording)


def _stands_alone(title: str, wording: Wording) -> bool:
    """Tell a statement that needs nothing before it and was not torn out of a longer one."""
    if pointers(title) or cues.ANNOUNCING.search(title) or not is_unbroken(title):
        return False
    if tokens(title)[0] in cues.LEANING_OPENERS:
        return False
    return not wording.english or is_statement(title, wording.is_verb)


def _names_something(title: str, wording: Wording) -> bool:
    """Tell whether an informative word is more than what somebody does: it follows no pronoun and no auxiliary."""
    words = ["", *title.split()]
    return any(
        wording.is_informative(word) and before.casefold() not in cues.BEFORE_VERBS for before, word in pairwise(words)
    )


def _value(title: str, inside: Counter[str], wording: Wording, *, least: float) -> float:
    """Add up how telling a title's words are and how often they come back; 0 where it says nothing of the moment."""
    words = [word for word in title.split() if wording.is_informative(word)]
    if not _names_something(title, wording):
        return 0.0
    informative = {stem(token): token for word in words for token in tokens(word)}
    if len(informative) < (1 if _DEFINITION.match(title) else _LEAST_INFORMATIVE):
        return 0.0
    own = Counter(stem(token) for token in tokens(title))
    again = {term: max(0, inside[term] - own[term]) for term in informative}
    worth = {term: wording.worth(token) for term, token in informative.items()}
    if max(worth.values()) < least and max(again.values()) < _COMES_BACK[title.endswith("?")]:
        return 0.0
    value = sum(
        worth[term] + _RECURRENCE * math.log1p(again[term]) * wording.weight(token)
        for term, token in informative.items()
    )
    return value / math.sqrt(len(title.split()))
