"""The talk's captions: the words as they were said, in cues a viewer can read."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from moments_ray.speech.voice import SpokenLine, SpokenWord

_LINE_LETTERS = 42
_CUE_LETTERS = 2 * _LINE_LETTERS - 8  # room for the words to fall into two lines

Cue = tuple[str, float, float]


def make_cues(lines: Sequence[SpokenLine]) -> list[Cue]:
    """Return (text, start, end) in seconds; a cue holds at most two lines and never two sentences."""
    return [cue for line in lines for cue in _cues_of(line.words)]


def _cues_of(words: Sequence[SpokenWord]) -> list[Cue]:
    text = " ".join(word.text for word in words)
    if len(text) <= _CUE_LETTERS:
        width = _LINE_LETTERS if len(text) <= _LINE_LETTERS else max(len(text) // 2 + 8, 28)
        return [("\n".join(textwrap.wrap(text, min(width, _LINE_LETTERS))), words[0].start, words[-1].end)]
    break_at = _best_break(words)
    return _cues_of(words[:break_at]) + _cues_of(words[break_at:])


def _best_break(words: Sequence[SpokenWord]) -> int:
    """Return the index of the word that begins the second part: near the middle, rather after a comma."""
    lengths = [len(word.text) + 1 for word in words]
    middle = sum(lengths) / 2

    def cost(index: int) -> float:
        comma = words[index - 1].text.endswith((",", ":", ";"))
        return abs(sum(lengths[:index]) - middle) - (20 if comma else 0)

    return min(range(1, len(words)), key=cost)
