"""Cues, and how their text becomes timed words."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from moments_ray.errors import TranscriptInvalid
from moments_ray.speech.captions.text import clean, speaker_in, speaker_labels, spoken_words, without_markup
from moments_ray.speech.scripts import join_words
from moments_ray.speech.transcript import Segment, Transcript, Word

ENGINE = "captions"
MOST_WORDS = 300_000  # a day of fast speech

# No word is believed to last longer than this: a cue stays on screen after its last word.
_LONGEST_BASE_SECONDS = 0.35
_LONGEST_PER_CHARACTER_SECONDS = 0.1

_TOUCHING_SECONDS = 0.1
_MOST_REPEATED_WORDS = 80
_ROLLING_SHARE = 0.3
_FEWEST_CUES_TO_ROLL = 3


@dataclass(frozen=True)
class Piece:
    """Some of a cue's text and, where the format says so, when it begins (seconds)."""

    text: str
    start: float | None = None


@dataclass(frozen=True)
class Cue:
    """Text on screen from ``start`` to ``end`` (seconds), in pieces."""

    start: float
    end: float
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """All its text as the file has it."""
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True)
class _Mark:
    """A word and the time at or after which it begins, where known."""

    word: str
    start: float | None


def transcript_of(cues: Sequence[Cue], language: str | None) -> Transcript:
    """Time the words of cues: by their own marks where they have them, else spread by length over the cue.

    Lines that scroll through several cues (YouTube's automatic captions, roll-up captions) are taken once.

    Raises:
        TranscriptInvalid: more than ``MOST_WORDS`` cues or words.
    """
    if len(cues) > MOST_WORDS:
        raise TranscriptInvalid(f"The captions have more than {MOST_WORDS:,} cues; split the file.")
    ordered = sorted(cues, key=lambda cue: cue.start)
    speakers = speaker_labels(cue.text for cue in ordered)
    marked = [(cue, _marks(cue, speakers)) for cue in ordered]
    if sum(len(marks) for _, marks in marked) > MOST_WORDS:
        raise TranscriptInvalid(f"The captions have more than {MOST_WORDS:,} words; split the file.")
    words: list[Word] = []
    segments: list[Segment] = []
    estimated = 0
    for cue, marks in _without_overlap(_without_repeats(marked)):
        words.extend(_timed(cue, marks))
        text, speaker = join_words(mark.word for mark in marks), speaker_in(cue.text, speakers)
        segments.append(Segment(text=text, start=cue.start, end=cue.end, speaker=speaker))
        if all(mark.start is None for mark in marks):
            estimated += len(marks)
    return Transcript(
        engine=ENGINE,
        language=language,
        words=tuple(words),
        segments=tuple(segments),
        words_estimated=estimated * 2 > len(words),
    )


def _longest_seconds(word: str) -> float:
    """Return the longest time (seconds) a word is believed to be spoken."""
    return _LONGEST_BASE_SECONDS + _LONGEST_PER_CHARACTER_SECONDS * len(word)


def _marks(cue: Cue, speakers: frozenset[str]) -> list[_Mark]:
    if len(cue.pieces) == 1:
        return [_Mark(word, cue.pieces[0].start) for word in spoken_words(clean(cue.text, speakers))]
    marks: list[_Mark] = []
    unbroken = False  # a piece that follows without a space goes on with the same word
    for piece in cue.pieces:
        text = without_markup(piece.text)
        found = spoken_words(clean(text, speakers))
        if found and unbroken and marks and not text[0].isspace():
            marks[-1] = replace(marks[-1], word=marks[-1].word + found.pop(0))
        marks.extend(_Mark(word, piece.start) for word in found)
        unbroken = not text[-1:].isspace() if text else unbroken
    return marks


def _without_repeats(marked: list[tuple[Cue, list[_Mark]]]) -> list[tuple[Cue, list[_Mark]]]:
    repeats = [0]
    for (before, shown), (cue, marks) in itertools.pairwise(marked):
        touching = cue.start <= before.end + _TOUCHING_SECONDS
        repeats.append(_repeated(shown, marks) if touching else 0)
    rolls = len(marked) >= _FEWEST_CUES_TO_ROLL and sum(map(bool, repeats)) >= _ROLLING_SHARE * len(marked)
    kept = [(cue, marks[count:] if rolls else marks) for (cue, marks), count in zip(marked, repeats, strict=False)]
    return [(cue, marks) for cue, marks in kept if marks]


def _repeated(shown: Sequence[_Mark], marks: Sequence[_Mark]) -> int:
    """Return how many of the first words of ``marks`` are the last ones of ``shown``."""
    for count in range(min(len(shown), len(marks), _MOST_REPEATED_WORDS), 0, -1):
        if all(old.word == new.word for old, new in zip(shown[-count:], marks[:count], strict=True)):
            return count
    return 0


def _without_overlap(marked: list[tuple[Cue, list[_Mark]]]) -> Iterator[tuple[Cue, list[_Mark]]]:
    for index, (cue, marks) in enumerate(marked):
        following = marked[index + 1][0].start if index + 1 < len(marked) else cue.end
        yield (replace(cue, end=following) if cue.start < following < cue.end else cue), marks


def _timed(cue: Cue, marks: Sequence[_Mark]) -> Iterator[Word]:
    """Spread each run of words with one mark from that mark to the next."""
    runs = [(start, [mark.word for mark in run]) for start, run in itertools.groupby(marks, lambda mark: mark.start)]
    for index, (mark, run) in enumerate(runs):
        start = cue.start if mark is None else mark
        following = runs[index + 1][0] if index + 1 < len(runs) else None
        end = max(cue.end if following is None else following, start)
        yield from _spread(run, start, end)


def _spread(words: Sequence[str], start: float, end: float) -> Iterator[Word]:
    """Share the seconds from ``start`` to ``end`` among words by their length, none longer than it can be spoken."""
    characters = sum(len(word) + 1 for word in words)
    clock = start
    for word in words:
        share = min((end - start) * (len(word) + 1) / characters, _longest_seconds(word))
        yield Word(text=word, start=round(clock, 3), end=round(clock + share, 3))
        clock += share
