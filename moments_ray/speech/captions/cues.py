"""Cues: what every caption format is read into."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from moments_ray.speech.captions.text import without_markup

MOST_WORDS = 300_000  # a day of fast speech

# No word is believed to last longer than this: a cue stays on screen after its last word.
_LONGEST_BASE_SECONDS = 0.35
_LONGEST_PER_CHARACTER_SECONDS = 0.1

_PAUSE_SECONDS = 0.5
_CHARACTERS_A_SECOND = 13.0  # of unhurried speech


@dataclass(frozen=True)
class Piece:
    """Some of a cue's text and, where the format says so, when it begins and ends (seconds)."""

    text: str
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True)
class Cue:
    """Text on screen from ``start`` to ``end`` (seconds), in pieces; ``speaker`` is who the format says speaks."""

    start: float
    end: float
    pieces: tuple[Piece, ...]
    speaker: str | None = None

    @property
    def text(self) -> str:
        """All its text as the file has it."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def lines(self) -> list[str]:
        """Its lines that show something, markup included."""
        return [line for line in self.text.split("\n") if without_markup(line).strip()]

    @property
    def is_timed(self) -> bool:
        """Whether its words have times of their own."""
        return any(piece.start is not None for piece in self.pieces)


@dataclass(frozen=True)
class CaptionTrack:
    """What a file holds: its cues, the language it names, and what had to be assumed while it was read.

    ``speakers`` are names that the format itself marks as such where they stand before a colon.
    """

    format: str
    cues: tuple[Cue, ...]
    language: str | None = None
    notes: tuple[str, ...] = ()
    speakers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class OpenCue:
    """A cue whose end the format may leave open: then the next one's beginning, or the time it takes to say it."""

    start: float
    end: float | None
    pieces: tuple[Piece, ...]
    speaker: str | None = None


def closed(cues: Sequence[OpenCue]) -> Iterator[Cue]:
    """Give an end to cues that have none."""
    for cue, following in itertools.zip_longest(cues, cues[1:]):
        end = cue.end
        if end is None or end <= cue.start:
            letters = sum(len(piece.text.strip()) for piece in cue.pieces)
            end = cue.start + _PAUSE_SECONDS + letters / _CHARACTERS_A_SECOND
            if following is not None and following.start > cue.start:
                end = min(end, following.start)
        yield Cue(cue.start, end, cue.pieces, cue.speaker)


def plain_cue(start: float, end: float, text: str, speaker: str | None = None) -> Cue:
    """Make a cue of text whose words have no times."""
    return Cue(start, end, (Piece(text),), speaker)


def with_text(cue: Cue, text: str) -> Cue:
    """Return a cue of the same times with another text."""
    return replace(cue, pieces=(Piece(text),))


def longest_seconds(words: Sequence[str]) -> float:
    """Return the longest time (seconds) some words are believed to be spoken in."""
    return sum(_LONGEST_BASE_SECONDS + _LONGEST_PER_CHARACTER_SECONDS * len(word) for word in words)
