"""Captions that show a sentence again and again, each time with the word marked that is being said."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from moments_ray.speech.captions.cues import Cue, Piece
from moments_ray.speech.captions.text import TAG, without_markup

_STILL_SHOWN_SECONDS = 3.0
_OVERRIDE = re.compile(r"\{\\")
_RESET = re.compile(r"\{\\(?:r|[1-4]?c|[bius]0?)\}")

Styled = list[tuple[str, str]]  # words as shown, and the markup each stands in


def resolve_highlights(cues: Sequence[Cue]) -> list[Cue]:
    """Make one cue of those that differ in the marked word only; a marked word has its own cue's time."""
    resolved: list[Cue] = []
    for group in _groups(cues):
        cue = _resolved(group) if len(group) > 1 else None
        resolved.extend(group if cue is None else (cue,))
    return resolved


def _groups(cues: Sequence[Cue]) -> Iterator[list[Cue]]:
    group: list[Cue] = []
    shown = ""
    for cue in cues:
        plain = " ".join(without_markup(cue.text).split())
        if group and (
            plain != shown or cue.is_timed or group[-1].is_timed or cue.start > group[-1].end + _STILL_SHOWN_SECONDS
        ):
            yield group
            group = []
        group.append(cue)
        shown = plain
    if group:
        yield group


def _resolved(group: Sequence[Cue]) -> Cue | None:
    """Return the sentence with a time for each marked word, or None if nothing is marked one after another."""
    styled = [_styled(cue.text) for cue in group]
    if len({len(words) for words in styled}) != 1 or not styled[0]:
        return None
    runs = (_marked(styled, style) for style in dict.fromkeys(style for words in styled for _, style in words))
    marked = next((run for run in runs if run is not None), None)
    if marked is None:
        return None
    spans: dict[int, tuple[float, float]] = {}
    for cue, indexes in zip(group, marked, strict=True):
        for index, (start, end) in zip(indexes, _shares(cue, [styled[0][at][0] for at in indexes]), strict=True):
            spans[index] = (spans[index][0] if index in spans else start, end)
    return Cue(group[0].start, group[-1].end, tuple(_pieces(styled[0], spans)), group[0].speaker)


def _marked(styled: Sequence[Styled], style: str) -> list[list[int]] | None:
    """Return the indexes of each cue's words in a style, if that moves on from cue to cue as a voice does."""
    marked = [[index for index, (_, each) in enumerate(words) if each == style] for words in styled]
    marked = [indexes if len(indexes) < len(styled[0]) else [] for indexes in marked]
    told = [indexes for indexes in marked if indexes]
    if len({tuple(indexes) for indexes in told}) < 2:
        return None
    together = all(indexes[-1] - indexes[0] == len(indexes) - 1 for indexes in told)
    onwards = all(after[0] >= before[-1] for before, after in itertools.pairwise(told))
    return marked if together and onwards else None


def _shares(cue: Cue, words: Sequence[str]) -> Iterator[tuple[float, float]]:
    """Part a cue's time among the words that it marks together."""
    letters = sum(map(len, words))
    start = cue.start
    for word in words:
        end = start + (cue.end - cue.start) * len(word) / letters
        yield start, end
        start = end


def _pieces(words: Styled, spans: dict[int, tuple[float, float]]) -> Iterator[Piece]:
    """Return the words with their times; one that is never marked has none of its own."""
    for index, (word, _) in enumerate(words):
        yield Piece(f"{word} ", *spans.get(index, (None, None)))


def _styled(text: str) -> Styled:
    """Part a cue's text into words, each with the tags it stands in."""
    words: Styled = []
    open_tags: list[str] = []
    override = ""
    unbroken = False
    position = 0
    for tag in [*TAG.finditer(text), None]:
        run = text[position : tag.start() if tag else len(text)]
        for index, word in enumerate(run.split()):
            if index == 0 and unbroken and not run[0].isspace():
                words[-1] = (words[-1][0] + word, words[-1][1])
            else:
                words.append((word, "".join(open_tags) + override))
        unbroken = bool(words) and (not run[-1:].isspace() if run else unbroken)
        if tag is None:
            break
        position = tag.end()
        shown = tag[0]
        if _OVERRIDE.match(shown):
            override = "" if _RESET.fullmatch(shown) else shown
        elif shown.startswith("</"):
            if open_tags:
                open_tags.pop()
        elif shown.startswith("<"):
            open_tags.append(shown)
    return words
