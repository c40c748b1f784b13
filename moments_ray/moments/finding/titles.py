"""Titles from a moment's own words: its question, its strongest sentence, or the phrase that tells it from the rest.

Candidate phrases lie between function words, as in S. Rose et al., "Automatic keyword extraction from individual
documents" (2010); their words count by log-likelihood against the rest of the source (T. Dunning, 1993).
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from moments_ray.moments.finding import cues
from moments_ray.moments.finding.spoken_titles import Wording, spoken_titles
from moments_ray.moments.finding.terms import stem, tokens
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.speech.scripts import join_words, split_words

LONGEST_TITLE = 80
_MOST_WORDS = 4
_MOST_FALLBACK_WORDS = 8
_LONGEST_CLAUSE = 24  # characters, in scripts without spaces
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_TAG = re.compile(r"<[^<>]{0,200}>")
_MARKUP = re.compile(r"[<>{}\[\]|*_#`~^\\=]+")
_CLAUSE = re.compile(r"[.,;:!?…—–()\"“”«»。、，！？：；「」『』()]+|\s-+\s")
_SPACELESS_CLAUSE = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u4e00-\u9fff]{3}")
_ENGLISH_SHARE = 0.3  # of tokens that are English function words; related languages share a tenth
_EARLY_BONUS = 0.6
_ONCE = 0.5  # what a phrase keeps of which no word comes back
_MENTION = 0.05
_LEAST_WEIGHT = 0.2
_RARE = 2.5  # the natural log of how few of a talk's parts a word stands in, from where on it is rare enough
_GENERAL = 0.2  # what a noun that any talk has leaves of its worth
_VERB = -2  # evidence
_AFTER_ARTICLE = 1.25
_TORN = 0.6
_SINGLE_WORD = 0.25
_CLAUSE_IN_IT = 0.3  # a verb amid nouns
_LENGTH_DISCOUNT = 0.35
_TORN_NAME = 0.3
_UNKNOWN_HEAD = 0.6
_UNLIKELY_HEAD = 0.25
_UNLIKELY_OPENING = 0.4
_DEGREES = frozenset({"somewhat", "rather", "quite", "pretty", "very"})
_SPREAD_OF_FUNCTION_WORDS = 0.4
_BLOCK_SENTENCES = 10
_LEAST_BLOCKS = 6
_LONGEST_INFERRED = 6


def readable(text: str, longest: int = LONGEST_TITLE) -> str:
    """Make one plain line of a text from anywhere: no control characters, no markup, cut at a word's end."""
    visible = "".join(" " if unicodedata.category(char) in _INVISIBLE else char for char in text)
    plain = re.sub(r"\s+", " ", _MARKUP.sub(" ", _TAG.sub(" ", visible))).strip()
    if len(plain) <= longest:
        return plain
    head = plain[: longest - 1]
    return (head.rsplit(" ", 1)[0] if " " in head[longest // 2 :] else head).rstrip(" ,;:-") + "…"


@dataclass(frozen=True)
class _Phrase:
    words: tuple[str, ...]
    worth: float


class Titles:
    """Names stretches of one source, no two alike."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._terms = timeline.terms
        self._total = max(1, int(timeline.terms.counts.sum()))
        heard = [tokens(sentence.text) for sentence in timeline.sentences]
        common = sum(token in cues.FUNCTION_WORDS for sentence in heard for token in sentence)
        self._english = common > _ENGLISH_SHARE * sum(len(sentence) for sentence in heard)
        self._names = _names(timeline)
        self._function_words = cues.FUNCTION_WORDS | (_widespread(heard) - self._names)
        self._noun_evidence = _noun_evidence(heard) if self._english else {}

    def title(self, first: int, last: int, taken: Collection[str] = ()) -> str:
        """Name sentences ``first`` to ``last``, inclusive, otherwise than ``taken``; empty where nothing was said."""
        used = {title.casefold() for title in taken}
        ranked = sorted(self._phrases(first, last), key=lambda phrase: (-phrase.worth, phrase.words))
        for said in (*self._said(first, last), *(self._cased(phrase.words) for phrase in ranked)):
            title = readable(said)
            if title and title.casefold() not in used:
                return title
        return self._opening_words(first, last, used)

    def _said(self, first: int, last: int) -> list[str]:
        """Return the questions and sentences of a stretch that can stand as its title, best first."""
        inside = self._terms.bag(first, last)
        size = max(1, sum(inside.values()))

        def worth(token: str) -> float:
            number = self._terms.number_of(token)
            return 0.0 if number is None else self._worth(number, inside[number], size)

        def weight(token: str) -> float:
            number = self._terms.number_of(token)
            return 0.0 if number is None else self._weight(number)

        wording = Wording(worth, weight, self._is_informative, self._is_verb, self._english)
        return spoken_titles(self._timeline, first, last, wording)

    def _phrases(self, first: int, last: int) -> list[_Phrase]:
        inside = self._terms.bag(first, last)
        size = max(1, sum(inside.values()))
        worth = {term: self._worth(term, count, size) for term, count in inside.items()}
        found: dict[tuple[str, ...], tuple[tuple[str, ...], float, int]] = {}
        for at in range(first, last + 1):
            early = 1.0 + _EARLY_BONUS * (1.0 - (at - first) / (last - first + 1))
            for words, standing in self._runs(self._timeline.sentences[at].text):
                key = tuple(stem(token) for word in words for token in tokens(word))
                value = self._value(words, worth) * standing * early * (1.0 if self._recurs(key, inside) else _ONCE)
                known, most, times = found.get(key, (words, 0.0, 0))
                found[key] = (known, max(most, value), times + 1)
        return [
            _Phrase(words, value * (1.0 + 0.5 * math.log(times))) for words, value, times in found.values() if value > 0
        ]

    def _recurs(self, key: Sequence[str], inside: Counter[int]) -> bool:
        """Tell whether a word of a phrase, given by its stems, comes back in the stretch."""
        numbers = ((each, self._terms.numbers.get(each)) for each in key if each not in self._function_words)
        return any(number is not None and inside[number] > key.count(each) for each, number in numbers)

    def _worth(self, term: int, count: int, size: int) -> float:
        """Return how much more of a term this stretch has than its share of the source would be.

        A little is left for every mention: a stretch that is all of the source has nothing to stand out from.
        """
        expected = float(self._terms.counts[term]) * size / self._total
        surprise = count * math.log(count / expected) if count > expected else 0.0
        return math.sqrt(surprise + _MENTION * count) * self._weight(term)

    def _weight(self, term: int) -> float:
        """Return how much a term informs: the fewer parts of the talk use it, the more."""
        return min(1.0, _LEAST_WEIGHT + float(self._terms.weights[term]) / _RARE)

    def _value(self, words: tuple[str, ...], worth: dict[int, float]) -> float:
        """Add up what a phrase's content words are worth, with less than full credit for length, and weigh its head."""
        values = []
        for word in words:
            if not self._is_content(word):
                continue
            numbers = [number for token in tokens(word) if (number := self._terms.number_of(token)) is not None]
            value = max((worth.get(number, 0.0) for number in numbers), default=0.0)
            values.append(value if self._is_informative(word) else value * _GENERAL)
        if not values:
            return 0.0
        single = _SINGLE_WORD if len(values) == 1 and not _SPACELESS_CLAUSE.search(words[0]) else 1.0
        whole = sum(values) / math.pow(len(values), _LENGTH_DISCOUNT) * single
        clause = _CLAUSE_IN_IT if any(self._is_verb(word.casefold()) for word in words[1:-1]) else 1.0
        return whole * clause * self._head(words[-1]) * self._opening(words)

    def _head(self, word: str) -> float:
        """Weigh the word a phrase ends on: in English it should be a noun, and the text shows which words are."""
        if not self._english or word.casefold() in self._names:
            return 1.0
        evidence = self._noun_evidence.get(tokens(word)[-1], 0)
        if evidence > 0:
            return 1.0
        return _UNKNOWN_HEAD if evidence == 0 and not word.casefold().endswith(("ly", "ing", "ed")) else _UNLIKELY_HEAD

    def _opening(self, words: tuple[str, ...]) -> float:
        """Weigh the word a phrase of several begins with: in English it is no adverb, and no verb by its uses here."""
        if not self._english or len(words) == 1 or words[0].casefold() in self._names:
            return 1.0
        first = words[0].casefold()
        evidence = self._noun_evidence.get(first, 0)
        unlikely = first.endswith("ly") or first in _DEGREES or evidence < (1 if first.endswith("ing") else 0)
        return _UNLIKELY_OPENING if unlikely else 1.0

    def _runs(self, text: str) -> Iterator[tuple[tuple[str, ...], float]]:
        """Give a sentence's phrases and how whole each is: content words in a row, or two rows around a connector."""
        for clause in _CLAUSE.split(text):
            if _SPACELESS_CLAUSE.search(clause):
                yield (_first_words(clause),), 1.0
                continue
            words = clause.split()
            content = [self._is_content(word) for word in words]
            for start, end in _windows(words, content):
                yield tuple(words[start:end]), self._wholeness(words, content, start, end)

    def _wholeness(self, words: list[str], content: list[bool], start: int, end: int) -> float:
        whole = 1.0
        if start and content[start - 1]:
            whole *= _TORN_NAME if words[start - 1][:1].isupper() and words[start][:1].isupper() else _TORN
        elif self._english and start and words[start - 1].casefold() in cues.BEFORE_NOUNS:
            whole *= _AFTER_ARTICLE
        if end < len(words) and content[end]:
            whole *= _TORN_NAME if words[end][:1].isupper() and words[end - 1][:1].isupper() else _TORN
        return whole

    def _is_content(self, word: str) -> bool:
        heard = tokens(word)
        return (
            any(token not in self._function_words for token in heard)
            and any(char.isalpha() for char in word)
            and (len(word) > 2 or word.isupper())
        )

    def _is_informative(self, word: str) -> bool:
        """Tell a word that says what is spoken about from one that would do in any talk."""
        return self._is_content(word) and not cues.is_general(word)

    def _is_verb(self, word: str) -> bool:
        """Tell an English verb by its uses in this talk, in the form that is used or without its "s"."""
        if word in self._function_words:
            return False
        return any(self._noun_evidence.get(form, 0) <= _VERB for form in (word, word.removesuffix("s")))

    def _cased(self, words: tuple[str, ...]) -> str:
        if not self._english:
            line = " ".join(words)
            return line[:1].upper() + line[1:]
        return " ".join(
            word.casefold() if at and word.casefold() in cues.LOWER_IN_TITLES else word[:1].upper() + word[1:]
            for at, word in enumerate(words)
        )

    def _opening_words(self, first: int, last: int, used: Collection[str]) -> str:
        """Fall back on how a stretch begins, where all its words are common ones."""
        for at in range(first, last + 1):
            words = self._timeline.sentences[at].text.split()[:_MOST_FALLBACK_WORDS]
            title = readable(" ".join(words).strip(" .,;:!?-…"))
            if any(char.isalnum() for char in title) and title.casefold() not in used:
                return title[:1].upper() + title[1:]
        return ""


def _first_words(clause: str) -> str:
    """Return the beginning of a clause without spaces, cut where a word ends."""
    words = split_words(clause)
    while len(words) > 1 and len(join_words(words)) > _LONGEST_CLAUSE:
        words.pop()
    return join_words(words)[:_LONGEST_CLAUSE]


def _widespread(heard: list[list[str]]) -> frozenset[str]:
    """Infer a language's function words: short words that stand in many blocks of the text."""
    blocks = [
        {token for sentence in heard[at : at + _BLOCK_SENTENCES] for token in sentence}
        for at in range(0, len(heard), _BLOCK_SENTENCES)
    ]
    if len(blocks) < _LEAST_BLOCKS:
        return frozenset()
    spread = Counter(token for block in blocks for token in block if len(token) <= _LONGEST_INFERRED)
    return frozenset(token for token, count in spread.items() if count > _SPREAD_OF_FUNCTION_WORDS * len(blocks))


def _names(timeline: Timeline) -> frozenset[str]:
    """Return the words that are written with a capital more often than not inside a sentence."""
    capital: Counter[str] = Counter()
    small: Counter[str] = Counter()
    for sentence in timeline.sentences:
        for word in sentence.text.split()[1:]:
            bare = word.strip(".,;:!?\"'()")
            (capital if bare[:1].isupper() else small)[bare.casefold()] += 1
    return frozenset(word for word, count in capital.items() if count > small[word])


def _noun_evidence(heard: list[list[str]]) -> Counter[str]:
    """Count for each English token how much oftener it follows an article or preposition than a pronoun or verb."""
    evidence: Counter[str] = Counter()
    for sentence in heard:
        for before, token in pairwise(sentence):
            evidence[token] += (before in cues.BEFORE_NOUNS) - (before in cues.BEFORE_VERBS)
    return evidence


def _windows(words: list[str], content: list[bool]) -> Iterator[tuple[int, int]]:
    """Give the edges of short runs of content words, and of two runs around "of", "in the" and the like."""
    for start in range(len(words)):
        joined = 0
        for end in range(start + 1, min(len(words), start + _MOST_WORDS + 2) + 1):
            word = words[end - 1].casefold()
            if content[end - 1]:
                if end - start - joined <= _MOST_WORDS and content[start]:
                    yield start, end
                continue
            connects = word in cues.CONNECTORS and not joined
            article = word in cues.ARTICLES and joined == 1 and words[end - 2].casefold() != "and"
            if not connects and not article:
                break
            joined += 1
