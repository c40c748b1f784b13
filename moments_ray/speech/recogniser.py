"""What a recogniser is: something that turns the sound of a source, or what came with it, into a transcript."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from moments_ray.errors import MediaError, MediaTimeout, SpeechError
from moments_ray.settings import Settings
from moments_ray.speech.transcript import Frozen, Transcript

Progress = Callable[[float], None]


class Availability(Frozen):
    """Whether a recogniser can be used here, and why; if not, the reason names the cure.

    ``preparable`` says that it is not ready but ``prepare`` may make it so by work on this machine alone;
    ``fetchable``, that ``prepare`` has to fetch weights from the network.
    """

    ok: bool
    reason: str
    preparable: bool = False
    fetchable: bool = False


class Recogniser(Protocol):
    """One way to a transcript."""

    @property
    def key(self) -> str:
        """The name it is asked for by."""
        ...

    def availability(self, settings: Settings) -> Availability:
        """Tell whether it can be used, by a look at this machine alone: no network, no model is loaded."""
        ...

    async def prepare(self, settings: Settings, progress: Progress | None = None) -> None:
        """Fetch what it lacks.

        Raises:
            RecogniserUnavailable: that could not be had; the message names the cure.
        """
        ...

    async def transcribe(
        self, audio: Path, settings: Settings, timeout: float, progress: Progress | None = None
    ) -> Transcript:
        """Transcribe a WAV file (16 kHz, mono, 16 bit) within ``timeout`` seconds; progress goes from 0 to 1.

        Raises:
            SpeechError: recognition failed.
            MediaTimeout: it took too long and was stopped.
        """
        ...


def speech_error(name: str, error: Exception) -> Exception:
    """Name the failure of a recogniser's child process as one of speech; what tells its own cause stays as it is."""
    if isinstance(error, MediaError) and not isinstance(error, MediaTimeout):
        return SpeechError(f"{name} failed: {error}", error.detail)
    return error
