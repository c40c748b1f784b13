"""A synthetic speaker: text to sound with the true time of every word, by espeak-ng's shared library.

The library is native code with global state: call `speak` in a process of its own. As a program this module reads the
payload of `speak` from standard input and prints its result, both JSON.
"""

from __future__ import annotations

import ctypes
import itertools
import json
import re
import sys
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, JsonValue

from moments_ray.errors import MediaError, MediaToolMissing

# Names and values of espeak-ng's speak_lib.h.
_AUDIO_OUTPUT_SYNCHRONOUS: Final = 2
_INITIALIZE_DONT_EXIT: Final = 0x8000
_CHARS_UTF8: Final = 1
_POS_CHARACTER: Final = 1
_EVENT_LIST_TERMINATED: Final = 0
_EVENT_WORD: Final = 1
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4
_UNCLIPPED = 70  # the library's own 100 clips some voices

_QUIET: Final = 60  # of 32767: below this the ends of a line are silence
_MARGIN_SECONDS: Final = 0.02  # kept at both ends of a line and faded, so that no line begins with a click


_CLAUSE_END: Final = re.compile(rb"[,;:]\s+\S?\Z")  # the library has looked at one character of the next clause


class Line(BaseModel):
    """One sentence to say, and the silence after it in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = Field(min_length=1)
    pause: float = Field(0.35, ge=0)


class SpokenWord(BaseModel):
    """A word as it was said; times are seconds from the start of the sound."""

    model_config = ConfigDict(frozen=True)

    text: str
    start: FiniteFloat
    end: FiniteFloat


class SpokenLine(BaseModel):
    """A sentence as it was said, first sound to last, without the pause after it; times in seconds."""

    model_config = ConfigDict(frozen=True)

    text: str
    start: FiniteFloat
    end: FiniteFloat
    words: tuple[SpokenWord, ...]


class Speech(BaseModel):
    """What to say, how, and where the sound goes (WAV, 16-bit mono at the library's 22050 Hz)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path
    lines: tuple[Line, ...] = Field(min_length=1)
    voice: str = "en-us"
    words_per_minute: int = Field(165, ge=80, le=450)
    pitch: int = Field(50, ge=0, le=99)
    pitch_range: int = Field(50, ge=0, le=99)


class Spoken(BaseModel):
    """The result of a speech; the length in seconds includes the last pause."""

    model_config = ConfigDict(frozen=True)

    duration: FiniteFloat
    lines: tuple[SpokenLine, ...]


class _EventName(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventName),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True)
class WordEvent:
    """Where a word begins: its character in the text, its sample in the sound."""

    character: int
    sample: int


class Synthesiser:
    """The loaded library, set to one voice."""

    def __init__(self, speech: Speech) -> None:
        self._library, self.sample_rate = _load()
        self._pcm = bytearray()
        self._events: list[WordEvent] = []
        self._callback = _Callback(self._receive)  # the library keeps only the pointer
        self._library.espeak_SetSynthCallback(self._callback)
        if self._library.espeak_SetVoiceByName(speech.voice.encode()) != 0:
            raise MediaError(f"The speech synthesiser has no voice named {speech.voice!r}.")
        for parameter, value in (
            (_RATE, speech.words_per_minute),
            (_VOLUME, _UNCLIPPED),
            (_PITCH, speech.pitch),
            (_RANGE, speech.pitch_range),
        ):
            self._library.espeak_SetParameter(parameter, value, 0)

    def _receive(self, samples: int | None, count: int, events: Any) -> int:
        if samples and count > 0:
            self._pcm += ctypes.string_at(samples, count * 2)
        index = 0
        while events[index].type != _EVENT_LIST_TERMINATED:
            if events[index].type == _EVENT_WORD:
                self._events.append(WordEvent(events[index].text_position - 1, events[index].sample))
            index += 1
        return 0

    def say(self, text: str) -> tuple[np.ndarray[Any, np.dtype[np.int16]], list[WordEvent]]:
        """Return the sound of a text and where in it the words begin."""
        self._pcm.clear()
        self._events.clear()
        encoded = text.encode() + b"\0"
        status = self._library.espeak_Synth(encoded, len(encoded), 0, _POS_CHARACTER, 0, _CHARS_UTF8, None, None)
        if status != 0 or not self._pcm:
            raise MediaError(f"The speech synthesiser could not say {text!r}.")
        return np.frombuffer(bytes(self._pcm), dtype=np.int16), list(self._events)

    def phonemes(self, text: str, mode: int) -> str:
        """Return how a text is said, in the library's own signs of a mode; punctuation stays where clauses end."""
        encoded = ctypes.create_string_buffer(text.encode())
        rest = ctypes.c_void_p(ctypes.addressof(encoded))
        told: list[str] = []
        while rest.value:
            before = rest.value
            said = self._library.espeak_TextToPhonemes(ctypes.byref(rest), _CHARS_UTF8, mode)
            read = encoded.raw[before - ctypes.addressof(encoded) : (rest.value or 0) - ctypes.addressof(encoded)]
            told.append((said or b"").decode())
            if rest.value and _CLAUSE_END.search(read):
                told.append(", ")
        return "".join(told)


def _load() -> tuple[ctypes.CDLL, int]:
    try:
        import espeakng_loader  # noqa: PLC0415 - an extra, and it brings native code
    except ImportError as error:
        raise MediaToolMissing(
            "There is no speech synthesiser here; install it with: pip install 'moments-ray[demo]'."
        ) from error
    try:
        library = ctypes.CDLL(espeakng_loader.get_library_path())
    except OSError as error:
        raise MediaToolMissing(f"The speech synthesiser does not load on this machine: {error}.") from error
    library.espeak_Initialize.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_uint,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_uint,
        ctypes.c_void_p,
        ctypes.c_void_p,
    ]
    library.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_void_p), ctypes.c_int, ctypes.c_int]
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    data = espeakng_loader.get_data_path().encode()
    sample_rate = library.espeak_Initialize(_AUDIO_OUTPUT_SYNCHRONOUS, 0, data, _INITIALIZE_DONT_EXIT)
    if sample_rate <= 0:
        raise MediaToolMissing("The speech synthesiser's data is not readable; reinstall espeakng-loader.")
    return library, sample_rate


def trimmed(
    sound: np.ndarray[Any, np.dtype[np.int16]], sample_rate: int
) -> tuple[np.ndarray[Any, np.dtype[np.int16]], int]:
    """Cut the silence off both ends, but for a faded margin; also return how many samples went in front."""
    margin = round(_MARGIN_SECONDS * sample_rate)
    loud = np.flatnonzero(np.abs(sound.astype(np.int32)) > _QUIET)
    if not loud.size:
        raise MediaError("The speech synthesiser answered with silence.")
    first = max(int(loud[0]) - margin, 0)
    kept = sound[first : int(loud[-1]) + margin + 1].astype(np.float64)
    ramp = np.linspace(0.0, 1.0, min(margin, kept.size))
    kept[: ramp.size] *= ramp
    kept[kept.size - ramp.size :] *= ramp[::-1]
    return kept.round().astype(np.int16), first


def timed_words(text: str, events: list[WordEvent], first: int, samples: int) -> list[tuple[str, int, int]]:
    """Give each written word its (start, end) samples; a word without an event of its own shares its neighbour's.

    The library joins some pairs ("on the") and splits numbers, so events are matched to words by where they stand.
    """
    tokens: list[tuple[str, int]] = []
    cursor = 0
    for token in text.split():
        cursor = text.index(token, cursor)
        tokens.append((token, cursor))
        cursor += len(token)
    anchors: dict[int, int] = {0: 0}
    position = 0
    for event in events:
        while position + 1 < len(tokens) and tokens[position + 1][1] <= event.character:
            position += 1
        anchors.setdefault(position, min(max(event.sample - first, 0), samples))
    anchors[len(tokens)] = samples
    starts: list[int] = []
    known = sorted(anchors)
    for left, right in itertools.pairwise(known):
        letters = [len(tokens[index][0]) for index in range(left, right)]
        span = anchors[right] - anchors[left]
        starts += [anchors[left] + span * sum(letters[:index]) // sum(letters) for index in range(len(letters))]
    ends = [*starts[1:], samples]
    return [(token, start, end) for (token, _), start, end in zip(tokens, starts, ends, strict=True)]


def speak(payload: JsonValue, report_progress: Callable[[float], None]) -> JsonValue:
    """Say the lines of a `Speech` and return a `Spoken`, both as JSON.

    Raises:
        MediaToolMissing: the extra ``demo`` is not installed or does not load here.
        MediaError: the voice is unknown or a line cannot be said.
    """
    speech = Speech.model_validate(payload)
    synthesiser = Synthesiser(speech)
    rate = synthesiser.sample_rate
    spoken: list[SpokenLine] = []
    position = 0
    with wave.open(str(speech.path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        for line in speech.lines:
            raw, events = synthesiser.say(line.text)
            sound, first = trimmed(raw, rate)
            words = tuple(
                SpokenWord(text=text, start=(position + start) / rate, end=(position + end) / rate)
                for text, start, end in timed_words(line.text, events, first, len(sound))
            )
            spoken.append(
                SpokenLine(text=line.text, start=position / rate, end=(position + len(sound)) / rate, words=words)
            )
            file.writeframes(sound.astype("<i2").tobytes())
            silence = round(line.pause * rate)
            file.writeframes(bytes(2 * silence))
            position += len(sound) + silence
            report_progress(len(spoken) / len(speech.lines))
    return Spoken(duration=position / rate, lines=tuple(spoken)).model_dump(mode="json")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(speak(json.load(sys.stdin), lambda _: None)))
