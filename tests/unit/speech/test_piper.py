"""The neural voice: what it says is heard, when each word is said is known, and it says the same thing the same way."""

from __future__ import annotations

import wave
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from moments_ray.speech import piper, voice

pytestmark = pytest.mark.skipif(not piper.installed(), reason="the extra `voice` is not installed")

TEXT = "Look closer, and every detail has its reason. Quiet."


def said(path: Path, *, rate: int = 165) -> voice.Spoken:
    speech = voice.Speech(path=path, lines=(voice.Line(text=TEXT, pause=0),), words_per_minute=rate)
    return voice.Spoken.model_validate(piper.speak(speech.model_dump(mode="json"), lambda _: None))


def test_every_word_has_its_time_and_there_is_a_pause_between_sentences(tmp_path: Path) -> None:
    spoken = said(tmp_path / "a.wav")
    (line,) = spoken.lines
    assert [word.text for word in line.words] == TEXT.split()
    assert all(one.end <= other.start + 1e-6 for one, other in pairwise(line.words))
    assert line.words[-1].start - line.words[-2].end > 0.2
    with wave.open(str(tmp_path / "a.wav")) as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), np.int16).astype(np.float64)
        assert sound.getnframes() / sound.getframerate() == pytest.approx(spoken.duration, abs=0.001)
        rate = sound.getframerate()
    for word in line.words:
        part = samples[round(word.start * rate) : round(word.end * rate)]
        assert np.sqrt((part**2).mean()) > 200  # it is heard


def test_a_slower_voice_takes_longer_and_equal_words_sound_equal(tmp_path: Path) -> None:
    first = said(tmp_path / "a.wav")
    said(tmp_path / "b.wav")
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
    assert said(tmp_path / "c.wav", rate=120).duration > 1.2 * first.duration
