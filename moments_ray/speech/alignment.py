"""When each word of a known text is said in a sound: PocketSphinx follows the text and hears only where it is.

English alone. Its times are within a few hundredths of a second of those of synthetic voices that know their own.
"""

from __future__ import annotations

import importlib.util
import re
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import numpy as np
from pydantic import JsonValue, TypeAdapter

from moments_ray.media.process import run_python
from moments_ray.settings import Settings
from moments_ray.speech.transcript import Frozen
from moments_ray.speech.windows import SAMPLE_RATE

_FRAMES_A_SECOND = 100
_SILENCE = np.zeros(round(0.2 * SAMPLE_RATE), np.int16)  # around the sound: the decoder wants some at both ends
_PART = re.compile(r"[a-z]+(?:'[a-z]+)*|\d")
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
# What stands for a word that the dictionary lacks, a name perhaps: about how its letters sound.
_PHONES = "AE B K D EH F G HH IH JH K L M N AA P K R S T AH V W K Y Z"
_LETTERS = dict(zip(ascii_lowercase, _PHONES.split(), strict=True))


class Times(Frozen):
    """When a word is said; seconds from the start of the sound."""

    start: float
    end: float


async def word_times(words: Sequence[str], sound: Path, settings: Settings, timeout: float) -> list[Times] | None:
    """Return when each of these words is said in a sound; None where that cannot be told.

    Raises:
        MediaError: the sound cannot be read.
        MediaTimeout: it did not end within ``timeout`` seconds.
    """
    if importlib.util.find_spec("pocketsphinx") is None or not words:
        return None
    answer = await run_python(
        f"{__name__}:align", {"words": list(words), "sound": str(sound)}, timeout=timeout, settings=settings.media
    )
    return TypeAdapter(list[Times] | None).validate_python(answer)


def align(payload: dict[str, Any], report_progress: Callable[[float], None]) -> JsonValue:  # noqa: ARG001 - it is short
    """Find the ``words`` of a text in a ``sound`` (path): what a child process runs; None where they are not there."""
    import pocketsphinx  # noqa: PLC0415 - native code stays in the child

    decoder = pocketsphinx.Decoder(pocketsphinx.Config(samprate=SAMPLE_RATE, cmn="batch", lm=None, loglevel="FATAL"))
    parts = [_parts(word) for word in payload["words"]]
    said = [part for each in parts for part in each]
    for part in set(said):
        if decoder.lookup_word(part) is None:
            decoder.add_word(part, " ".join(_LETTERS[letter] for letter in part if letter != "'"), False)
    if not said:
        return None
    decoder.set_align_text(" ".join(said))
    decoder.start_utt()
    decoder.process_raw(np.concatenate([_SILENCE, _samples(Path(payload["sound"])), _SILENCE]).tobytes(), full_utt=True)
    decoder.end_utt()
    heard = [segment for segment in decoder.seg() or () if segment.word[0] not in "<["]
    if len(heard) != len(said):
        return None
    before = len(_SILENCE) / SAMPLE_RATE
    times: list[JsonValue] = []
    at = 0
    for each in parts:
        # What has no sound of its own, such as a dash, is said where the next word begins.
        first, last = heard[min(at, len(heard) - 1)], heard[min(at + max(0, len(each) - 1), len(heard) - 1)]
        at += len(each)
        start = max(0.0, first.start_frame / _FRAMES_A_SECOND - before)
        end = (last.end_frame + 1) / _FRAMES_A_SECOND - before if each else start
        times.append({"start": round(start, 3), "end": round(max(start, end), 3)})
    return times


def _parts(word: str) -> list[str]:
    """Return a word as what the dictionary may know: letters without accents, digits by their names."""
    plain = unicodedata.normalize("NFKD", word.replace("\u2019", "'")).encode("ascii", "ignore").decode().lower()
    return [_DIGITS[int(part)] if part.isdigit() else part for part in _PART.findall(plain)]


def _samples(path: Path) -> np.ndarray[Any, np.dtype[np.int16]]:
    import av  # noqa: PLC0415 - native code stays in the child

    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
    with av.open(str(path)) as container:
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([np.asarray(frame.to_ndarray(), np.int16).ravel() for frame in frames])
