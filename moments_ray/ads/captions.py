"""The words of a scene as captions: a few at a time, each lit while it is said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from moments_ray.ads.script.styles import CaptionStyle
from moments_ray.ads.timing import LEAD_FRAMES
from moments_ray.ads.values import SpokenWord
from moments_ray.media.render.plan import RATE, Caption, Word

_MOST_WORDS = 4
_MOST_CHARACTERS = 26
_ENDS = (".", "!", "?", ":", ";", ",")


def captions_of(words: Sequence[SpokenWord], frames: int, style: CaptionStyle) -> tuple[Caption, ...]:
    """Return captions with times in seconds from the start of a scene of so many frames."""
    lead, length = LEAD_FRAMES / RATE, frames / RATE
    groups = list(_groups(words))
    captions = []
    for index, group in enumerate(groups):
        end = groups[index + 1][0].start + lead if index + 1 < len(groups) else group[-1].end + lead + 0.3
        captions.append(
            Caption(
                text=" ".join(word.text for word in group),
                start=group[0].start + lead,
                end=min(end, length),
                words=tuple(Word(text=word.text, start=word.start + lead, end=word.end + lead) for word in group),
                style=style,
                position="bottom",
            )
        )
    return tuple(captions)


def _groups(words: Sequence[SpokenWord]) -> Iterator[list[SpokenWord]]:
    """Yield the words that are shown together: up to a pause, and no more than can be read at once."""
    clause: list[SpokenWord] = []
    for word in words:
        clause.append(word)
        if word.text.endswith(_ENDS):
            yield from _parts(clause)
            clause = []
    yield from _parts(clause)


def _parts(clause: list[SpokenWord]) -> Iterator[list[SpokenWord]]:
    """Yield a clause in as few parts as can be read, none of them much shorter than the others."""
    for count in range(1, len(clause) + 1):
        edges = [round(len(clause) * number / count) for number in range(count + 1)]
        parts = [clause[start:end] for start, end in pairwise(edges)]
        if count == len(clause) or all(_readable(part) for part in parts):
            yield from parts
            return


def _readable(part: list[SpokenWord]) -> bool:
    return len(part) <= _MOST_WORDS and sum(len(word.text) + 1 for word in part) - 1 <= _MOST_CHARACTERS
