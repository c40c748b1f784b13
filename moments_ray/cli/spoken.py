"""What a command tells of a transcript: how it was read, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moments_ray.speech.transcript import Transcript

_ACCOUNT = ("format", "encoding", "verdict", "warnings", "notes")


def transcript_entry(transcript: Transcript) -> dict[str, Any]:
    """Return a checked transcript's entry of a document."""
    account = {name: transcript.health[name] for name in _ACCOUNT if transcript.health.get(name)}
    return {
        "engine": transcript.engine,
        "language": transcript.language,
        "words": len(transcript.words),
        **account,
    }


def remarks(transcript: Transcript) -> Iterator[str]:
    """Return a line for everything that a person should know of how a transcript was read, and what it lacks."""
    entry = transcript_entry(transcript)
    for note in entry.get("notes", ()):
        yield f"note: {note}"
    for warning in entry.get("warnings", ()):
        yield f"warning: the transcript is suspect: {warning}"
