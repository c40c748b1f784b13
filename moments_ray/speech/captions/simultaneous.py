"""Cues that are on screen at one time, which are one cue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from moments_ray.speech.captions.cues import Cue, Piece
from moments_ray.speech.captions.text import without_markup

_SAME_SECONDS = 0.05  # two frames of a film
_FASTEST_CHARACTERS_A_SECOND = 40.0


def merge_simultaneous(cues: Sequence[Cue]) -> list[Cue]:
    """Make one cue of those that begin together, or so soon after another that it could not have been said by then.

    Their lines stay in the file's order; what is shown twice (a shadow, a second copy of the file) is taken once.
    """
    merged: list[Cue] = []
    for cue in cues:
        if not without_markup(cue.text).strip():
            continue
        before = merged[-1] if merged else None
        if before is None or not _simultaneous(before, cue):
            merged.append(cue)
        elif _plain(cue) == _plain(before):
            merged[-1] = replace(before, end=max(before.end, cue.end))
        else:
            lines = (*before.pieces, Piece("\n"), *cue.pieces)
            merged[-1] = replace(before, end=max(before.end, cue.end), pieces=lines)
    return merged


def _simultaneous(before: Cue, cue: Cue) -> bool:
    later = cue.start - before.start
    if cue.is_timed or before.is_timed:
        return later <= _SAME_SECONDS and _plain(cue) == _plain(before)
    if later <= _SAME_SECONDS:
        return True
    return cue.start < before.end - _SAME_SECONDS and later * _FASTEST_CHARACTERS_A_SECOND < len(_plain(before))


def _plain(cue: Cue) -> str:
    return " ".join(without_markup(cue.text).split())
