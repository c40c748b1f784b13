"""The recogniser that hears nothing: captions given by the caller, found in the video or offered by its site."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path

from moments_ray.errors import RecogniserUnavailable, TranscriptInvalid
from moments_ray.settings import Settings
from moments_ray.speech.captions import read_captions
from moments_ray.speech.captions.reader import LARGEST_BYTES
from moments_ray.speech.health import check
from moments_ray.speech.languages import ORIGINAL, normal_language, same_language
from moments_ray.speech.recogniser import Availability, Progress
from moments_ray.speech.transcript import Frozen, Transcript

_FEWEST_WORDS = 10
_LEAST_COVERAGE = 0.02  # "forced" tracks translate a foreign sentence now and then


class Origin(IntEnum):
    """Who says that these captions belong to the video, most trusted first."""

    SIDECAR = 0
    EMBEDDED = 1
    SITE = 2
    SITE_AUTOMATIC = 3


class CaptionFile(Frozen):
    """A caption file, its language as named beside it (a tag of any kind) and where it comes from."""

    path: Path
    origin: Origin
    language: str | None = None


class GivenCaptions:
    """Captions as a recogniser: the caller's own, else the best that came with the video.

    Captions of the caller's are used as they are or refused aloud. Others are passed over if they cannot be read, or
    hold almost nothing, or belong to another video by ``duration`` (seconds). ``spoken`` is the language of the sound.
    """

    key = "captions"

    def __init__(
        self, files: Sequence[CaptionFile], *, spoken: str | None = None, duration: float | None = None
    ) -> None:
        self._files = sorted(files, key=lambda file: (file.origin, _language_rank(file.language, spoken)))
        self._duration = duration
        self._read: tuple[CaptionFile, Transcript] | None = None

    def availability(self, settings: Settings) -> Availability:  # noqa: ARG002 - the protocol's
        """Tell whether there are captions; ``prepare`` must have read them before they are used."""
        if self._read is not None:
            file, transcript = self._read
            return Availability(ok=True, reason=_description(file, transcript))
        if not self._files:
            return Availability(ok=False, reason="the video came without captions; name a file with --captions")
        return Availability(ok=False, preparable=True, reason=f"{len(self._files)} caption files are not read yet")

    async def prepare(self, settings: Settings, progress: Progress | None = None) -> None:  # noqa: ARG002
        """Read the best captions that hold.

        Raises:
            TranscriptInvalid: the caller's own cannot be read.
            RecogniserUnavailable: none of the others can be used.
        """
        reasons = []
        for file in self._files:
            try:
                transcript = await asyncio.to_thread(self._usable, file)
            except TranscriptInvalid as invalid:
                if file.origin is Origin.SIDECAR:
                    raise TranscriptInvalid(f"{file.path.name}: {invalid}", invalid.detail) from invalid
                reasons.append(f"{file.path.name}: {invalid}".rstrip("."))
                continue
            self._read = file, transcript
            return
        raise RecogniserUnavailable("; ".join(reasons) or "There are no captions.")

    async def transcribe(
        self,
        audio: Path,  # noqa: ARG002 - nothing is heard
        settings: Settings,
        timeout: float,  # noqa: ARG002
        progress: Progress | None = None,
    ) -> Transcript:
        """Return the captions' words."""
        if self._read is None:
            await self.prepare(settings, progress)
        assert self._read is not None  # noqa: S101 - prepare has read or raised
        return self._read[1]

    def _usable(self, file: CaptionFile) -> Transcript:
        transcript = read_captions(_bytes(file.path), language=file.language)
        if file.origin is Origin.SIDECAR:
            return transcript
        coverage = check(transcript, self._duration).health["coverage"]
        if len(transcript.words) < _FEWEST_WORDS or (isinstance(coverage, float) and coverage < _LEAST_COVERAGE):
            raise TranscriptInvalid(f"Only {len(transcript.words)} words are captioned.")
        return transcript


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise TranscriptInvalid(f"The captions cannot be opened: {error.strerror}.") from error


def _language_rank(language: str | None, spoken: str | None) -> int:
    """Rank by likeness to the sound: the very language, the same of another region, unnamed, another."""
    named, wanted = normal_language(language), normal_language(spoken)
    if named is None or language is None:
        return 2
    if wanted is None:
        return 0 if language.endswith(ORIGINAL) else 1
    if named == wanted:
        return 0
    return 1 if same_language(named, wanted) else 3


def _description(file: CaptionFile, transcript: Transcript) -> str:
    kind = {
        Origin.SIDECAR: "the captions given",
        Origin.EMBEDDED: "a subtitle track of the video",
        Origin.SITE: "the site's captions",
        Origin.SITE_AUTOMATIC: "the site's automatic captions",
    }[file.origin]
    return f"{kind} ({transcript.language or 'language not named'}, {len(transcript.words)} words)"
