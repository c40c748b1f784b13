"""Beats are found where they were put, at their tempo; speech and silence are not taken for music."""

from __future__ import annotations

import importlib.util
import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from moments_ray.errors import MediaToolMissing
from moments_ray.media.beats import Beats, track_beats
from moments_ray.settings import MediaSettings
from moments_ray.testing.media import SAYING, make_voice, run_ffmpeg

RATE = 16_000


def write(path: Path, sound: NDArray[np.float64]) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.int16(np.clip(sound, -1, 1) * 32767).tobytes())
    return path


def clicks(times: NDArray[np.float64], seconds: float) -> NDArray[np.float64]:
    sound = np.zeros(round(seconds * RATE))
    click = np.sin(2 * np.pi * 1500 * np.arange(400) / RATE) * np.exp(-np.arange(400) / 60)
    for time in times:
        at = round(time * RATE)
        sound[at : at + 400] += click[: len(sound) - at]
    return sound


def drums(bpm: float, seconds: float) -> NDArray[np.float64]:
    """A bass drum on each beat, a snare on every second one, hi-hats between, a chord that changes each bar."""
    beat, time = 60 / bpm, np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(3).standard_normal(len(time))
    since, half = time % beat, time % (beat / 2)
    number = (time // beat).astype(int)
    chord = np.array([220.0, 262.0, 196.0, 247.0])[number // 4 % 4]
    return np.asarray(
        0.5 * np.sin(2 * np.pi * 60 * since) * np.exp(-since * 25)
        + 0.3 * noise * np.exp(-since * 30) * (number % 2)
        + 0.08 * noise * np.exp(-half * 60)
        + 0.1 * np.sin(2 * np.pi * np.cumsum(chord) / RATE)
    )


def f_measure(found: Beats, truth: NDArray[np.float64]) -> float:
    hits = sum(bool(np.min(np.abs(np.asarray(found.beats) - time)) <= 0.07) for time in truth) if found.beats else 0
    return 2 * hits / (len(found.beats) + len(truth))


NUMPY = MediaSettings()
LIBROSA = MediaSettings(beats="librosa")
# Its first call in a process compiles for half a minute on an idle core.
WITH_LIBROSA = [
    pytest.mark.skipif(importlib.util.find_spec("librosa") is None, reason="the extra audio is not there"),
    pytest.mark.slow,
    pytest.mark.timeout(600),
]
CLICKS = [(NUMPY, 97.0), (NUMPY, 128.0), (NUMPY, 70.0)]
BY_LIBROSA = [(LIBROSA, bpm) for _, bpm in CLICKS]


@pytest.mark.parametrize(
    ("settings", "bpm"), [*CLICKS, *(pytest.param(*each, marks=WITH_LIBROSA) for each in BY_LIBROSA)]
)
async def test_a_click_track_is_found_beat_by_beat(tmp_path: Path, settings: MediaSettings, bpm: float) -> None:
    truth = np.arange(0.3, 30, 60 / bpm)
    found = await track_beats(write(tmp_path / "a.wav", clicks(truth, 30)), settings=settings, timeout=500)
    assert f_measure(found, truth) >= 0.95
    assert found.tempo == pytest.approx(bpm, abs=1)
    assert found.confidence >= 0.5


@pytest.mark.parametrize(
    ("settings", "bpm"),
    [*((NUMPY, bpm) for bpm in (90.0, 120.0, 140.0)), pytest.param(LIBROSA, 120.0, marks=WITH_LIBROSA)],
)
async def test_a_mix_of_drums_and_chords_is_found(tmp_path: Path, settings: MediaSettings, bpm: float) -> None:
    found = await track_beats(write(tmp_path / "a.wav", drums(bpm, 30)), settings=settings, timeout=500)
    assert f_measure(found, np.arange(0, 30, 60 / bpm)) >= 0.95
    assert found.tempo == pytest.approx(bpm, abs=1)


async def test_speech_and_silence_have_no_beat_to_cut_on(tmp_path: Path) -> None:
    make_voice(tmp_path / "voice.wav", SAYING)
    spoken = tmp_path / "spoken.wav"
    run_ffmpeg(["-i", tmp_path / "voice.wav", "-ar", str(RATE), "-ac", "1", spoken])
    assert (await track_beats(spoken, settings=MediaSettings(), timeout=60)).confidence < 0.5
    silence = write(tmp_path / "silence.wav", np.zeros(5 * RATE))
    assert await track_beats(silence, settings=MediaSettings(), timeout=60) == Beats()


@pytest.mark.skipif(importlib.util.find_spec("librosa") is not None, reason="the extra audio is there")
async def test_without_librosa_it_is_said_how_to_have_it(tmp_path: Path) -> None:
    sound = write(tmp_path / "a.wav", clicks(np.arange(0.3, 3, 0.5), 3))
    with pytest.raises(MediaToolMissing, match="audio"):
        await track_beats(sound, settings=LIBROSA, timeout=60)
