from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from moments_ray.errors import SpeechError
from moments_ray.speech.windows import SAMPLE_RATE, Window, read_window, speech_windows


def tone(seconds: float, level: float = 0.3) -> npt.NDArray[np.float64]:
    return level * np.sin(2 * np.pi * 200 * np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE)


def hush(seconds: float) -> npt.NDArray[np.float64]:
    return np.random.default_rng(0).standard_normal(round(seconds * SAMPLE_RATE)) * 0.0005


def write(path: Path, *parts: npt.NDArray[np.float64], rate: int = SAMPLE_RATE) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        for part in parts:
            file.writeframes((part * 32767).astype(np.int16).tobytes())
    return path


def test_silence_belongs_to_no_window(tmp_path: Path) -> None:
    audio = write(tmp_path / "a.wav", hush(3), tone(4), hush(5), tone(2), hush(3))
    first, second = speech_windows(audio, shortest=5, longest=15)
    assert (first.start, first.end) == pytest.approx((2.8, 7.5), abs=0.1)
    assert (second.start, second.end) == pytest.approx((11.8, 14.5), abs=0.1)


def test_a_breath_ends_a_window_once_it_is_long_enough(tmp_path: Path) -> None:
    audio = write(tmp_path / "a.wav", *[part for _ in range(6) for part in (tone(2), hush(0.5))])
    windows = speech_windows(audio, shortest=5, longest=15)
    assert [round(window.end - window.start) for window in windows] == [7, 5, 3]


def test_sound_without_a_breath_is_cut_at_its_quietest_point(tmp_path: Path) -> None:
    audio = write(tmp_path / "a.wav", tone(12), tone(0.2, level=0.2), tone(8), hush(1))
    first, second = speech_windows(audio, shortest=5, longest=15)
    assert first.end == pytest.approx(12.1, abs=0.15)
    assert second.start == first.end


@pytest.mark.parametrize("parts", [(), (np.zeros(SAMPLE_RATE * 5),), (np.zeros(10),)])
def test_nothing_to_hear_has_no_windows(tmp_path: Path, parts: tuple[npt.NDArray[np.float64], ...]) -> None:
    assert speech_windows(write(tmp_path / "a.wav", *parts), shortest=5, longest=15) == []


def test_a_windows_samples_are_read_alone(tmp_path: Path) -> None:
    audio = write(tmp_path / "a.wav", np.zeros(SAMPLE_RATE), np.full(SAMPLE_RATE, 0.5))
    samples = read_window(audio, Window(0.5, 1.5))
    assert len(samples) == SAMPLE_RATE
    assert samples[0] == 0
    assert samples[-1] == 16383
    assert len(read_window(audio, Window(5, 6))) == 0


def test_anything_but_the_extracted_audio_is_refused(tmp_path: Path) -> None:
    (tmp_path / "not.wav").write_bytes(b"RIFFnot a wave")
    with pytest.raises(SpeechError, match=r"not\.wav is not a WAV file"):
        speech_windows(tmp_path / "not.wav", shortest=5, longest=15)
    with pytest.raises(SpeechError, match="is not 16 kHz"):
        speech_windows(write(tmp_path / "rate.wav", tone(1), rate=44_100), shortest=5, longest=15)
