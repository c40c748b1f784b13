"""Suggests effects by rules: what is asked, counted, loud or paused at gets one, and the reason is told."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from moments_ray.media.render.effects import EffectName

_SENTENCE = re.compile(r"[^.!?]+[.!?]*")
_NUMBER = re.compile(
    r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|hundred|thousand|million|billion)\b", re.IGNORECASE
)
_WORDS_A_SECOND = 2.5
_PAUSE_WORDS = ("...", "…", " - ", " – ")
_MOST = 30
_FLASHES = 3


class Suggestion(BaseModel):
    """Effects for a range of seconds, and why."""

    model_config = ConfigDict(frozen=True)

    start: float
    end: float
    effects: tuple[EffectName, ...]
    reason: str


def suggest(transcript: str, beats: Sequence[float]) -> list[Suggestion]:
    """Return effects for sentences (timed by their words at a usual pace) and for the first beats, in order of time."""
    found, at = [], 0.0
    for sentence in _SENTENCE.findall(transcript):
        words = len(sentence.split())
        end = at + words / _WORDS_A_SECOND
        rule = _rule(sentence) if words else None
        if rule is not None:
            effect, reason = rule
            found.append(Suggestion(start=round(at, 2), end=round(end, 2), effects=(effect,), reason=reason))
        at = end
    spread = beats[:: max(1, len(beats) // _FLASHES)][:_FLASHES]
    found += [
        Suggestion(start=beat, end=round(beat + 0.5, 3), effects=("flash",), reason="a strong beat") for beat in spread
    ]
    return sorted(found, key=lambda each: each.start)[:_MOST]


def _rule(sentence: str) -> tuple[EffectName, str] | None:
    if sentence.rstrip().endswith("?"):
        return "punch_in", "a question"
    if _NUMBER.search(sentence):
        return "zoom", "a number"
    if any(pause in sentence for pause in _PAUSE_WORDS):
        return "slowmo", "a pause"
    return None
