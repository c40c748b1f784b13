"""Breaks captions into lines: libass breaks at spaces alone, and what has none runs out of the picture on both sides.

Widths are in heights of a line, as ``fonts`` tells them; ``room`` is that of a line.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from icu4py.breakers import CharacterBreaker, LineBreaker

from moments_ray.media.render.fonts import Face, runs_of, width_of

_LANGUAGE = "en"  # it only names the rules, which are one for all
# Shares of the room, in twentieths, that are tried for a last line that does not stand alone under full ones.
_TRIED = range(10, 21)


@dataclass(frozen=True, slots=True)
class _Part:
    """What no line ends within: its text, its width, and whether a space stands before it."""

    text: str
    width: float
    spaced: bool


def fits_words(text: str, face: Face, room: float) -> bool:
    """Tell whether each word has room in a line, so that libass can break the text."""
    return all(_width(word, face) <= room for word in text.replace("\n", " ").split(" "))


def count(text: str, face: Face, room: float) -> int:
    """Return how many lines a text takes."""
    space = _width(" ", face)
    return sum(len(_filled([*_parts(line, face, room)], space, 0.0, room)) for line in text.split("\n"))


def broken(text: str, face: Face, room: float, growth: float = 0.0) -> str:
    """Put line ends into a text, in place of spaces where there are any.

    Lines have room for whichever of their words grows, by a share of its width, so that none jumps when one does.
    """
    lines = []
    for line in text.split("\n"):
        parts = [*_parts(line, face, room / (1 + growth))]
        space = _width(" ", face)
        fewest = len(_filled(parts, space, growth, room))
        # As many lines as are needed, and of these the narrowest: a last word does not stand alone under a full line.
        tried = (_filled(parts, space, growth, room * step / _TRIED[-1]) for step in _TRIED)
        lines += next(each for each in tried if len(each) == fewest)
    return "\n".join(lines)


def _parts(line: str, face: Face, room: float) -> Iterator[_Part]:
    """Part a line at spaces; a word that is wider than a line where its writing breaks, or else at any character."""
    for number, word in enumerate(line.split(" ")):
        spaced = number > 0
        for part in _narrow(word, face, room):
            yield _Part(part, _width(part, face), spaced)
            spaced = False


def _narrow(word: str, face: Face, room: float) -> Iterator[str]:
    if _width(word, face) <= room:
        yield word
        return
    for part in LineBreaker(word, _LANGUAGE):
        if _width(part, face) <= room:
            yield part
        else:
            yield from CharacterBreaker(part, _LANGUAGE)


def _filled(parts: Sequence[_Part], space: float, growth: float, room: float) -> list[str]:
    """Put parts into lines, as many into each as there is room for when the widest of them grows."""
    lines: list[str] = []
    used = widest = 0.0
    for part in parts:
        gap = space if part.spaced else 0.0
        longer = used + gap + part.width
        if lines and longer + growth * max(widest, part.width) <= room:
            lines[-1] += f"{' ' if part.spaced else ''}{part.text}"
            used, widest = longer, max(widest, part.width)
        else:
            lines.append(part.text)
            used = widest = part.width
    return lines


@functools.lru_cache(4096)
def _width(text: str, face: Face) -> float:
    return width_of(runs_of(text, face))
