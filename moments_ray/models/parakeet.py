"""Speech recognisers behind Parakeet's ``/transcribe``: a WAV file in, words with their times out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError

from moments_ray.errors import ModelBadResponse
from moments_ray.models.endpoint import Endpoint
from moments_ray.speech.captions.text import clean
from moments_ray.speech.transcript import Segment, Transcript, Word

T = TypeVar("T", bound=BaseModel)

_LARGEST = 64 * 1024 * 1024
_MOST_WORDS = 500_000  # more than anybody says in the longest video
_MOST_UNREADABLE = 0.5


class Lenient(BaseModel):
    """A part of a server's answer; what is not known of it is left out."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class TimedWord(Lenient):
    """A word; times in seconds."""

    word: str
    start: FiniteFloat
    end: FiniteFloat


class TimedSegment(Lenient):
    """A stretch of speech; times in seconds."""

    text: str
    start: FiniteFloat
    end: FiniteFloat


class _Recognition(Lenient):
    transcription: str
    word_timestamps: list[Any]
    segment_timestamps: list[Any] = []
    language: str | None = None


async def transcribe(endpoint: Endpoint, audio: Path, timeout: float) -> Transcript:
    """Have a WAV file transcribed; words are as the server heard them, for ``speech.health`` to check.

    Raises:
        ModelBadResponse: the server answered something that is no transcript.
        ModelUnavailable: it cannot be reached.
    """

    @contextmanager
    def upload() -> Iterator[Mapping[str, Any]]:
        with audio.open("rb") as file:
            yield {"files": {"file": ("audio.wav", file, "audio/wav")}}

    return transcript_of(await endpoint.post(upload, timeout=timeout, largest=_LARGEST), endpoint.entry.key)


def transcript_of(raw: Any, key: str) -> Transcript:
    """Read a recogniser's answer; single words without usable times are left out and counted.

    Raises:
        ModelBadResponse: it is no transcript, or hardly any of its words has a time.
    """
    try:
        found = _Recognition.model_validate(raw)
    except ValidationError as error:
        fields = ", ".join(sorted({str(each["loc"][0]) for each in error.errors() if each["loc"]}))
        raise ModelBadResponse(f"{key} answered JSON that is no transcript: see {fields or 'its form'}") from error
    if len(found.word_timestamps) > _MOST_WORDS:
        raise ModelBadResponse(f"{key} answered {len(found.word_timestamps)} words, more than can be spoken.")
    words = [
        Word(text=text, start=word.start, end=word.end)
        for word in _readable(TimedWord, found.word_timestamps)
        if (text := clean(word.word))
    ]
    segments = [
        Segment(text=text, start=part.start, end=part.end)
        for part in _readable(TimedSegment, found.segment_timestamps[:_MOST_WORDS])
        if (text := clean(part.text))
    ]
    unreadable = len(found.word_timestamps) - len(words)
    if unreadable > _MOST_UNREADABLE * len(found.word_timestamps) or (not words and found.transcription.strip()):
        raise ModelBadResponse(f"{key} answered a transcript whose words have no times.")
    return Transcript(
        engine=key,
        language=found.language,
        words=tuple(words),
        segments=tuple(segments),
        health={"model": key, **({"unreadable_words": unreadable} if unreadable else {})},
    )


def _readable(kind: type[T], items: Sequence[Any]) -> Iterator[T]:
    for item in items:
        try:
            yield kind.model_validate(item)
        except ValidationError:
            continue  # the caller counts what is missing
