"""Reading captions given as text, and what is said about it."""

from __future__ import annotations

from moments_ray.speech.captions import read_captions
from moments_ray.speech.transcript import Transcript


def read(text: str, **options: str) -> Transcript:
    return read_captions(text.encode(), **options)


def notes(transcript: Transcript) -> str:
    told = transcript.health.get("notes", [])
    assert isinstance(told, list)
    return " ".join(map(str, told))
