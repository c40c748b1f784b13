"""The choice of a recogniser: what came with the video before what is heard, the better ear before the poorer one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from moments_ray.errors import RecogniserUnavailable, UnknownModel
from moments_ray.settings import Settings, WhisperSize
from moments_ray.speech.given_captions import CaptionFile, GivenCaptions, Origin
from moments_ray.speech.parakeet import ParakeetLocal
from moments_ray.speech.recogniser import Availability, Progress, Recogniser
from moments_ray.speech.sphinx import Pocketsphinx
from moments_ray.speech.transcript import Transcript
from moments_ray.speech.whisper import Whisper

__all__ = [
    "Availability",
    "CaptionFile",
    "Choice",
    "Origin",
    "Recogniser",
    "choose",
    "recognisers",
    "usable",
    "without_speech",
]


@dataclass(frozen=True)
class Choice:
    """A recogniser, why it was chosen, and why those before it were not (by key)."""

    recogniser: Recogniser
    reason: str
    passed_over: dict[str, str]

    @property
    def sentence(self) -> str:
        """The choice in one sentence, for people."""
        over = "".join(f"; not {key}: {reason}" for key, reason in self.passed_over.items())
        return f"Transcribing by {self.recogniser.key}: {self.reason}{over}."

    async def transcribe(
        self, audio: Path, settings: Settings, timeout: float, progress: Progress | None = None
    ) -> Transcript:
        """Transcribe by the chosen recogniser; the choice is noted in the transcript's health."""
        transcript = await self.recogniser.transcribe(audio, settings, timeout, progress)
        health = {**transcript.health, "recogniser": self.recogniser.key, "chosen": self.sentence}
        return transcript.model_copy(update={"health": health})


def recognisers(
    captions: Sequence[CaptionFile] = (),
    *,
    spoken: str | None = None,
    duration: float | None = None,
    remote: Sequence[Recogniser] = (),
    threads: int = 1,
    size: WhisperSize | None = None,
    keep: bool = False,
) -> tuple[Recogniser, ...]:
    """Return all recognisers in the order they are tried.

    ``spoken`` (the sound's language, if known) and ``duration`` (seconds) help to judge captions that nobody named;
    ``remote`` recognisers come between captions and the local models, of which Whisper in a ``size`` that was asked for
    comes first. ``threads`` is how many a local one may use. With ``keep`` Whisper's model stays loaded for a while, as
    where a GPU was given.
    """
    wanted = () if size is None else (Whisper(size=size, threads=threads, language=spoken, keep=keep),)
    return (
        GivenCaptions(captions, spoken=spoken, duration=duration),
        *remote,
        *wanted,
        ParakeetLocal(),
        Whisper(threads=threads, language=spoken, keep=keep),
        Whisper(size="base", threads=threads, language=spoken, keep=keep),
        Pocketsphinx(),
    )


async def choose(
    candidates: Sequence[Recogniser], settings: Settings, *, forced: str | None = None, progress: Progress | None = None
) -> Choice:
    """Choose the first of ``candidates`` that is ready or can be made so here, or the one ``forced`` by its key.

    Weights are fetched from the network only for a recogniser that is asked for by name.

    Raises:
        UnknownModel: no candidate has the forced key; the message lists those there are.
        RecogniserUnavailable: the forced one, or every one, cannot be used; the message names the cure.
        TranscriptInvalid: the captions that the caller named cannot be read.
    """
    forced = forced or settings.speech.transcriber
    if forced is not None:
        recogniser = next((each for each in candidates if each.key == forced), None)
        if recogniser is None:
            keys = ", ".join(each.key for each in candidates)
            raise UnknownModel(f"There is no transcriber {forced!r}; there are: {keys}.")
        await _make_ready(recogniser, settings, progress)
        return Choice(recogniser, "it was asked for", {})
    passed_over: dict[str, str] = {}
    for recogniser in candidates:
        try:
            reason = await _make_ready(recogniser, settings, progress, fetch=False)
        except RecogniserUnavailable as unavailable:
            passed_over[recogniser.key] = str(unavailable).rstrip(".")
            continue
        return Choice(recogniser, reason, passed_over)
    reasons = "; ".join(f"{key}: {reason}" for key, reason in passed_over.items())
    raise RecogniserUnavailable(f"No speech recogniser can be used here; {reasons}.")


def usable(settings: Settings) -> list[str]:
    """Return the keys of the recognisers of sound that can be used on this machine, or be made so, the best first."""
    looks = {each.key: each.availability(settings) for each in recognisers()}
    return [key for key, look in looks.items() if look.ok or look.preparable]


def without_speech(reason: str) -> Transcript:
    """Return the transcript of a source that has nothing to hear, such as a video without sound."""
    return Transcript(engine="none", language=None, words=(), segments=(), health={"chosen": reason})


async def _make_ready(
    recogniser: Recogniser, settings: Settings, progress: Progress | None, *, fetch: bool = True
) -> str:
    availability = await asyncio.to_thread(recogniser.availability, settings)
    if availability.ok:
        return availability.reason
    if not (availability.preparable or (availability.fetchable and fetch)):
        raise RecogniserUnavailable(f"{availability.reason}.")
    await recogniser.prepare(settings, progress)
    prepared = await asyncio.to_thread(recogniser.availability, settings)
    if not prepared.ok:
        raise RecogniserUnavailable(f"{prepared.reason}.")
    return prepared.reason
