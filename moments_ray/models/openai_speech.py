"""Speech recognisers behind OpenAI's ``/v1/audio/transcriptions``, as servers of Whisper speak it."""

from __future__ import annotations

import asyncio
import io
import wave
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from moments_ray.errors import ModelBadResponse, ModelUnavailable
from moments_ray.models.endpoint import Endpoint
from moments_ray.models.parakeet import Lenient, TimedSegment, TimedWord, transcript_of
from moments_ray.speech.languages import normal_language
from moments_ray.speech.scripts import split_words
from moments_ray.speech.transcript import Transcript
from moments_ray.speech.windows import SAMPLE_RATE, Window, read_window, stretches

# 19 MB of WAV; OpenAI's own server takes 25.
LONGEST_UPLOAD_SECONDS = 600.0

_LARGEST = 64 * 1024 * 1024
_SLACK_SECONDS = 1.0  # a word may be said to end this long after the sound it is in
# Whisper's own measure of a segment in which nobody speaks.
_NO_SPEECH, _IMPROBABLE = 0.6, -1.0


class _Segment(TimedSegment):
    words: list[Any] | None = None
    no_speech_prob: float = 0.0
    avg_logprob: float = 0.0

    @property
    def invented(self) -> bool:
        return self.no_speech_prob > _NO_SPEECH and self.avg_logprob < _IMPROBABLE


class _Verbose(Lenient):
    text: str
    language: str | None = None
    words: list[Any] | None = None
    segments: list[Any] | None = None


async def transcribe(endpoint: Endpoint, audio: Path, timeout: float, prompt: str | None = None) -> Transcript:
    """Have a WAV file (16 kHz, mono, 16 bit) transcribed, a long one in pieces that are cut in pauses.

    ``prompt`` names what is said in it, for each of the pieces.

    Where a server gives no times of words, they are spread over its segments, and the transcript says so.

    Raises:
        ModelBadResponse: the server answered something that is no transcript.
        ModelUnavailable: it cannot be reached, or ``timeout`` seconds were too few for all pieces.
    """
    key, clock = endpoint.entry.key, asyncio.get_running_loop().time
    deadline = clock() + timeout
    answers = []
    for window in await asyncio.to_thread(stretches, audio, longest=LONGEST_UPLOAD_SECONDS):
        left = deadline - clock()
        if left <= 0:
            raise ModelUnavailable(f"{key} did not answer within {timeout:.3g} s.")
        answers.append((window, await _ask(endpoint, audio, window, left, prompt)))
    return joined([(window, _verbose(raw, key)) for window, raw in answers], key)


async def _ask(endpoint: Endpoint, audio: Path, window: Window, timeout: float, prompt: str | None) -> Any:
    sound = await asyncio.to_thread(_wav, audio, window)

    @contextmanager
    def upload() -> Iterator[Mapping[str, Any]]:
        yield upload_of(sound, endpoint.entry.model, prompt)

    return await endpoint.post(upload, timeout=timeout, largest=_LARGEST)


def upload_of(sound: bytes, model: str, prompt: str | None = None) -> dict[str, Any]:
    """Return what httpx is to send: a WAV file, the wish for times of words, and names that are said."""
    fields = {
        "model": model or "whisper-1",
        "response_format": "verbose_json",
        "temperature": "0",
        "timestamp_granularities[]": ["word", "segment"],
        **({"prompt": prompt} if prompt else {}),
    }
    return {"data": fields, "files": {"file": ("audio.wav", sound, "audio/wav")}}


def joined(answers: Sequence[tuple[Window, _Verbose]], key: str) -> Transcript:
    """Join the answers for windows that follow one another; times become those of the whole.

    Raises:
        ModelBadResponse: they are no transcript.
    """
    words: list[Any] = []
    segments: list[Any] = []
    estimated = invented = 0
    for window, answer in answers:
        parts = [part for part in map(_segment, answer.segments or []) if part is not None]
        believed = [part for part in parts if not part.invented]
        silent = [part for part in parts if part.invented]
        found = _words(answer, believed)
        if not found and believed:
            found = [word for part in believed for word in _spread(part)]
            estimated += len(found)
        kept = [word for word in map(_timed, found) if word is None or not _is_in(word, silent)]
        invented += len(found) - len(kept)
        words += [_moved(word, window) for word in kept]
        segments += [_moved(part, window) for part in believed]
    languages = Counter(language for _, answer in answers if (language := normal_language(answer.language)))
    said = "" if invented else " ".join(answer.text for _, answer in answers)
    heard = transcript_of(
        {
            "transcription": said,
            "word_timestamps": words,
            "segment_timestamps": segments,
            "language": languages.most_common(1)[0][0] if languages else None,
        },
        key,
    )
    health = {**heard.health, **({"words_not_believed": invented} if invented else {})}
    return heard.model_copy(update={"words_estimated": 2 * estimated > len(words), "health": health})


def _verbose(raw: Any, key: str) -> _Verbose:
    try:
        return _Verbose.model_validate(raw)
    except ValidationError as error:
        fields = ", ".join(sorted({str(each["loc"][0]) for each in error.errors() if each["loc"]}))
        raise ModelBadResponse(f"{key} answered JSON that is no verbose_json: see {fields or 'its form'}") from error


def read_answer(raw: Any, key: str, seconds: float) -> Transcript:
    """Read the answer for a sound of so many seconds.

    Raises:
        ModelBadResponse: it is no transcript.
    """
    return joined([(Window(0.0, seconds), _verbose(raw, key))], key)


def _words(answer: _Verbose, believed: Sequence[_Segment]) -> list[Any]:
    """Return the words as OpenAI's server has them, or inside their segments as whisper.cpp's and others do."""
    return answer.words or [word for part in believed for word in part.words or []]


def _segment(raw: Any) -> _Segment | None:
    try:
        return _Segment.model_validate(raw)
    except ValidationError:
        return None  # the words are what counts


def _timed(raw: Any) -> TimedWord | None:
    """Read a word; None, which the reader of the whole counts, if it has no times."""
    try:
        return TimedWord.model_validate(raw)
    except ValidationError:
        return None


def _spread(part: _Segment) -> Iterator[dict[str, Any]]:
    """Spread a segment's words over its time by their lengths."""
    words = split_words(part.text)
    letters = sum(map(len, words))
    done = 0
    for word in words:
        start = part.start + (part.end - part.start) * done / letters
        done += len(word)
        yield {"word": word, "start": start, "end": part.start + (part.end - part.start) * done / letters}


def _is_in(word: TimedWord, parts: Sequence[_Segment]) -> bool:
    middle = (word.start + word.end) / 2
    return any(part.start <= middle <= part.end for part in parts)


def _moved(timed: TimedWord | TimedSegment | None, window: Window) -> dict[str, Any] | None:
    """Move times from a window to the whole; None for what lies outside the sound that was sent."""
    length = window.end - window.start
    if timed is None or timed.start >= length + _SLACK_SECONDS:
        return None
    start, end = min(max(timed.start, 0.0), length), min(max(timed.end, 0.0), length)
    return {**timed.model_dump(include={"word", "text"}), "start": window.start + start, "end": window.start + end}


def _wav(audio: Path, window: Window) -> bytes:
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(read_window(audio, window).tobytes())
    return sound.getvalue()
