"""Parting long audio where nobody speaks, so that recognisers get pieces they can hold."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from moments_ray.errors import SpeechError

SAMPLE_RATE = 16_000
FRAME_SECONDS = 0.02

_FRAME = round(SAMPLE_RATE * FRAME_SECONDS)
_FRAMES_A_READ = 3_000  # a minute
_SMOOTHED_FRAMES = 5
_PAUSE_FRAMES = 13
_FLOOR_PERCENTILE, _VOICE_PERCENTILE = 10, 95
_THRESHOLD_SHARE = 0.3  # of the way from the floor to the voice, in dB
_INAUDIBLE_DECIBELS = 25.0  # of 16-bit samples: -65 dBFS
_LONG_SILENCE_SECONDS = 1.0
_BREATH_SECONDS = 0.3
_MARGIN_SECONDS = 0.2


@dataclass(frozen=True)
class Window:
    """A stretch of audio; seconds from its start."""

    start: float
    end: float


def speech_windows(audio: Path, *, shortest: float, longest: float) -> list[Window]:
    """Return the loud stretches of a WAV file (16 kHz, mono, 16 bit), cut at silences.

    A window ends at a second of silence, or at a breath once it is ``shortest`` seconds long; at ``longest`` it is cut
    at its quietest point. Silence belongs to no window.

    Raises:
        SpeechError: not such a file.
    """
    decibels = np.concatenate([_decibels(samples) for samples in _frames(audio)] or [np.zeros(0)])
    if not len(decibels):
        return []
    floor, voice = np.percentile(decibels, (_FLOOR_PERCENTILE, _VOICE_PERCENTILE))
    threshold = max(floor + _THRESHOLD_SHARE * (voice - floor), _INAUDIBLE_DECIBELS)
    smooth = np.convolve(decibels, np.ones(_SMOOTHED_FRAMES) / _SMOOTHED_FRAMES, "same")
    return list(_windows(smooth, smooth >= threshold, round(shortest / FRAME_SECONDS), round(longest / FRAME_SECONDS)))


def stretches(audio: Path, *, longest: float) -> list[Window]:
    """Cut a WAV file (16 kHz, mono, 16 bit) into stretches that follow one another without gap or overlap.

    None is over ``longest`` seconds, and each but the last ends in the quietest quarter second of its second half: in a
    pause, where anybody pauses.

    Raises:
        SpeechError: not such a file.
    """
    with _open(audio) as file:
        last = file.getnframes() / SAMPLE_RATE
    if not last:
        return []
    decibels = np.concatenate([_decibels(samples) for samples in _frames(audio)])
    if len(decibels) >= _PAUSE_FRAMES:
        decibels = np.convolve(decibels, np.ones(_PAUSE_FRAMES) / _PAUSE_FRAMES, "same")
    most = round(longest / FRAME_SECONDS)
    edges = [0]
    while len(decibels) - edges[-1] > most:
        middle = edges[-1] + most // 2
        edges.append(middle + int(np.argmin(decibels[middle : edges[-1] + most])))
    starts = [edge * FRAME_SECONDS for edge in edges]
    return [Window(start, end) for start, end in zip(starts, [*starts[1:], last], strict=True)]


def read_window(audio: Path, window: Window) -> npt.NDArray[np.int16]:
    """Return a window's samples.

    Raises:
        SpeechError: not a WAV file of 16 kHz, mono, 16 bit.
    """
    with _open(audio) as file:
        first = min(round(window.start * SAMPLE_RATE), file.getnframes())
        file.setpos(first)
        data = file.readframes(round(window.end * SAMPLE_RATE) - first)
    return np.frombuffer(data, np.int16)


def _open(audio: Path) -> wave.Wave_read:
    try:
        file = wave.open(str(audio), "rb")  # noqa: SIM115 - the caller closes it
    except (wave.Error, EOFError) as error:
        raise SpeechError(f"{audio.name} is not a WAV file: {error}.") from error
    if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (SAMPLE_RATE, 1, 2):
        file.close()
        raise SpeechError(f"{audio.name} is not 16 kHz, mono, 16 bit; extract the audio again.")
    return file


def _frames(audio: Path) -> Iterator[npt.NDArray[np.int16]]:
    with _open(audio) as file:
        while data := file.readframes(_FRAMES_A_READ * _FRAME):
            yield np.frombuffer(data, np.int16)


def _decibels(samples: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
    whole = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME).astype(np.float64)
    return np.asarray(10 * np.log10(np.mean(whole**2, axis=1) + 1))


def _windows(
    decibels: npt.NDArray[np.float64], loud: npt.NDArray[np.bool_], shortest: int, longest: int
) -> Iterator[Window]:
    margin, breath, silence = (
        round(seconds / FRAME_SECONDS) for seconds in (_MARGIN_SECONDS, _BREATH_SECONDS, _LONG_SILENCE_SECONDS)
    )
    count = len(loud)
    position = 0
    while position < count:
        onset = position + int(loud[position:].argmax())
        if not loud[onset]:
            return
        start = max(onset - margin, position)
        end = _window_end(decibels, loud, start, onset, (shortest, longest, breath, silence))
        yield Window(start * FRAME_SECONDS, end * FRAME_SECONDS)
        position = end


def _window_end(
    decibels: npt.NDArray[np.float64],
    loud: npt.NDArray[np.bool_],
    start: int,
    onset: int,
    limits: tuple[int, int, int, int],
) -> int:
    shortest, longest, breath, silence = limits
    quiet = 0
    for frame in range(onset, len(loud)):
        quiet = 0 if loud[frame] else quiet + 1
        if quiet >= silence or (quiet >= breath and frame - start >= shortest):
            return frame - quiet // 2
        if frame - start >= longest:
            middle = start + longest // 2
            return middle + int(np.argmin(decibels[middle:frame]))
    return len(loud)
