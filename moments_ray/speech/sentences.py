"""Sentences from word times: what a moment may start and end on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from itertools import pairwise

from moments_ray.speech.scripts import CLAUSE_ENDS, TERMINALS, is_ideograph, join_words, without_closers
from moments_ray.speech.transcript import Frozen, Transcript, Word

PAUSE_SECONDS = 0.6
LONGEST_SECONDS = 12.0
MOST_WORDS = 30.0

# Where a full stop may be an abbreviation's or a sentence's, the voice decides.
_TELLING_PAUSE_SECONDS = 0.3
_IDEOGRAPH_WEIGHT = 0.5  # a Chinese or Japanese word has about two characters
_CLAUSE_BONUS_SECONDS = 0.25

# Where nobody punctuated, English words tell: these lean on what follows, and those begin what a speaker says next. A
# break is as good as a pause that much longer or shorter. Fitted on talks whose punctuation was taken away.
_LEANING = frozenset(
    re.findall(
        r"\S+",
        "a an the of to in on at by for from with into about and but or nor as if that than which who whose because "
        "so very my your his her its our their this these those is are was were be been am i'm it's we're they're i "
        "you he she we they can could will would should may might must do does did not don't no uh um",
    )
)
_OPENING = frozenset(
    re.findall(r"\S+", "so and but now okay ok well then because what how why when where if let's first next i")
)
_LEANING_SECONDS = 0.6
_OPENING_SECONDS = 0.3
_LONGEST_HESITATION_SECONDS = 1.5

_BEFORE_A_NAME = re.compile(
    r"(?:dr|mr|mrs|ms|mx|prof|st|sr|jr|rev|gen|col|sgt|capt|lt|sen|rep|gov|pres|hon|mt|e\.g|i\.e|vs|cf|vol|eds?|approx"
    r"|viz|al|hr|fr|hrsg|bzw|z\.b|d\.h|mme|mlle|sra|dra|dott|sig|ing)\."
)
_BEFORE_A_NUMBER = re.compile(r"(?:no|nr|pp?|ch|art|op|vol|fig|eq|sec)\.")
_MAYBE_LAST = re.compile(r"(?:etc|inc|ltd|co|corp|ph\.d|usw|ca|(?:\w\.)+\w)\.")
_INITIAL = re.compile(r"[^\W\d]\.")
_ORDINAL = re.compile(r"\d+\.")


class Sentence(Frozen):
    """A run of words that stands for itself; times in seconds, word indexes inclusive.

    ``speaker`` is who says it, where the transcript names speakers. ``opens_turn`` marks the first of a turn: of
    another speaker, or where a name is said again that is not said at every cue. ``ends_sentence`` tells the end of a
    spoken sentence, which punctuation marks, from where one that was too long or broken off was parted.
    """

    index: int
    start: float
    end: float
    text: str
    first_word: int
    last_word: int
    speaker: str | None = None
    opens_turn: bool = False
    ends_sentence: bool = False


def sentences(transcript: Transcript) -> tuple[Sentence, ...]:
    """Part a transcript's words into sentences, every word in exactly one, in order.

    Punctuation ends a sentence, and so does a change of speaker. Where there is neither, a pause of ``PAUSE_SECONDS``
    does. What is then still longer than ``LONGEST_SECONDS`` or ``MOST_WORDS`` is parted at the best of its pauses and
    commas.
    """
    words = transcript.words
    speakers, turns = _speakers(transcript)
    edges: list[tuple[int, int]] = []
    for first, last in _punctuated(words, turns):
        if _fits(words, first, last) and _is_terminal(words, last, first):
            edges.append((first, last))
            continue
        pieces = [(first, last)] if _is_one_long_sentence(words, first, last) else _at_pauses(words, first, last)
        for piece in pieces:
            edges.extend(_within_limits(words, *piece))
    return tuple(
        Sentence(
            index=index,
            start=words[first].start,
            end=words[last].end,
            text=join_words(word.text for word in words[first : last + 1]),
            first_word=first,
            last_word=last,
            speaker=speakers[first],
            opens_turn=first in turns,
            ends_sentence=_is_terminal(words, last, first),
        )
        for index, (first, last) in enumerate(edges)
    )


def _speakers(transcript: Transcript) -> tuple[list[str | None], set[int]]:
    """Return who says each word, and the words that open a turn; a segment without a name goes on with the one before.

    A name said again by the same speaker opens a turn too, as a paragraph does, unless most segments say it.
    """
    segments = sorted(transcript.segments, key=lambda segment: segment.start)
    speakers: list[str | None] = []
    for segment in segments:
        speakers.append(segment.speaker or (speakers[-1] if speakers else None))
    changed = [name != before for before, name in pairwise([None, *speakers])]
    named_again = [
        not change and segment.speaker is not None for change, segment in zip(changed, segments, strict=True)
    ]
    if sum(named_again) * 2 > changed.count(False):
        named_again = [False] * len(segments)
    spoken: list[str | None] = []
    turns: set[int] = set()
    at = 0
    for index, word in enumerate(transcript.words):
        while at < len(segments) and segments[at].start <= (word.start + word.end) / 2:
            if changed[at] or named_again[at]:
                turns.add(index)
            at += 1
        spoken.append(speakers[at - 1] if at else None)
    return spoken, turns


def _punctuated(words: Sequence[Word], turns: AbstractSet[int]) -> list[tuple[int, int]]:
    edges = []
    first = 0
    for index in range(len(words)):
        if index == len(words) - 1 or index + 1 in turns or _is_terminal(words, index, first):
            edges.append((first, index))
            first = index + 1
    return edges


def _is_terminal(words: Sequence[Word], index: int, first: int) -> bool:
    """Tell whether the word at ``index`` ends the sentence that began with the word ``first``."""
    text = words[index].text.strip()
    bare = without_closers(text)
    if not bare or bare[-1] not in TERMINALS:
        return False
    following = words[index + 1].text.strip() if index + 1 < len(words) else ""
    if not following:
        return True
    goes_on = following[0].islower()
    if bare[-1] != ".":
        return not (goes_on and (bare[-1] in "…‥" or bare != text))
    if goes_on:
        return False
    told_by_voice = _pause_after(words, index) >= _TELLING_PAUSE_SECONDS
    return _is_full_stop(bare.lstrip("([{\"'“‘«¿¡").lower(), following, told_by_voice, index == first)


def _is_full_stop(word: str, following: str, told_by_voice: bool, alone: bool) -> bool:
    if _BEFORE_A_NAME.fullmatch(word) or _INITIAL.fullmatch(word):
        return False
    if _BEFORE_A_NUMBER.fullmatch(word) and following[0].isdigit():
        return False
    if _ORDINAL.fullmatch(word):
        return told_by_voice or not (alone or following[0].isdigit())
    return told_by_voice or not _MAYBE_LAST.fullmatch(word)


def _is_one_long_sentence(words: Sequence[Word], first: int, last: int) -> bool:
    """Tell a sentence that is merely long from a stretch that nobody punctuated."""
    return _is_terminal(words, last, first) and _fits(words, first, last, times=2.0)


def _at_pauses(words: Sequence[Word], first: int, last: int) -> list[tuple[int, int]]:
    edges = []
    for index in range(first, last + 1):
        hesitates = _leans(words, index) and _pause_after(words, index) < _LONGEST_HESITATION_SECONDS
        if index == last or (_pause_after(words, index) >= PAUSE_SECONDS and not hesitates):
            edges.append((first, index))
            first = index + 1
    return edges


def _leans(words: Sequence[Word], index: int) -> bool:
    """Tell a word that no sentence ends on."""
    return words[index].text.strip().lower() in _LEANING


def _within_limits(words: Sequence[Word], first: int, last: int) -> list[tuple[int, int]]:
    edges = []
    while not _fits(words, first, last):
        cut = _best_break(words, first, last)
        edges.append((first, cut))
        first = cut + 1
    edges.append((first, last))
    return edges


def _best_break(words: Sequence[Word], first: int, last: int) -> int:
    """Return the index of the word to end on: the head fits the limits and, where it can, so does the rest."""
    furthest = first
    weight = _weight(words[first])
    while furthest + 1 < last:
        weight += _weight(words[furthest + 1])
        if weight > MOST_WORDS or words[furthest + 1].end - words[first].start > LONGEST_SECONDS:
            break
        furthest += 1
    earliest = min(first + (furthest - first) // 3, furthest)
    if _fits(words, first, last, times=2.0):
        while earliest < furthest and not _fits(words, earliest + 1, last):
            earliest += 1
    middle = (earliest + furthest) / 2

    def worth(index: int) -> tuple[float, float]:
        clause = _CLAUSE_BONUS_SECONDS if without_closers(words[index].text.strip())[-1:] in CLAUSE_ENDS else 0.0
        leaning = _LEANING_SECONDS if _leans(words, index) else 0.0
        opening = _OPENING_SECONDS if words[index + 1].text.strip().lower() in _OPENING else 0.0
        return _pause_after(words, index) + clause + opening - leaning, -abs(index - middle)

    return max(range(earliest, furthest + 1), key=worth)


def _fits(words: Sequence[Word], first: int, last: int, times: float = 1.0) -> bool:
    if words[last].end - words[first].start > LONGEST_SECONDS * times:
        return first == last
    limit = MOST_WORDS * times
    if last - first + 1 <= limit:
        return True
    if (last - first + 1) * _IDEOGRAPH_WEIGHT > limit:
        return False
    return sum(_weight(word) for word in words[first : last + 1]) <= limit


def _weight(word: Word) -> float:
    return _IDEOGRAPH_WEIGHT if is_ideograph(word.text) else 1.0


def _pause_after(words: Sequence[Word], index: int) -> float:
    return round(words[index + 1].start - words[index].end, 3) if index + 1 < len(words) else 0.0
