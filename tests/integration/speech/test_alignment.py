"""Words of a known text found in its sound, beside the times of a speaker that knows its own."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from moments_ray.settings import Settings
from moments_ray.speech import voice
from moments_ray.speech.alignment import Times, word_times

SETTINGS = Settings(_env_file=None)


def said(path: Path, text: str) -> voice.SpokenLine:
    speech = voice.Speech(path=path, lines=(voice.Line(text=text, pause=0),), voice="en-us+klatt4")
    return voice.Spoken.model_validate(voice.speak(speech.model_dump(mode="json"), lambda _: None)).lines[0]


@pytest.mark.parametrize(
    "text",
    [
        "Let the day grow quiet, and let the light go down. This is Premium Headphones.",
        "Grab your people, grab your day, and go! Meet the Zorblatt lamp!",
        "The caf\u00e9's battery lasts 40 hours, and it folds flat.",
    ],
    ids=["words", "a name", "digits and accents"],
)
async def test_every_word_is_found_where_it_is_said(tmp_path: Path, text: str) -> None:
    pytest.importorskip("pocketsphinx", reason="PocketSphinx has no wheel for this Python")
    line = said(tmp_path / "said.wav", text)
    found = await word_times([word.text for word in line.words], tmp_path / "said.wav", SETTINGS, 60)
    assert found is not None
    assert [abs(at.start - word.start) < 0.15 for at, word in zip(found, line.words, strict=True)] == [True] * len(
        found
    )
    assert all(at.start <= at.end <= line.end + 0.1 for at in found)


async def test_a_dash_is_said_where_the_next_word_begins(tmp_path: Path) -> None:
    pytest.importorskip("pocketsphinx", reason="PocketSphinx has no wheel for this Python")
    said(tmp_path / "said.wav", "It folds flat and stays quiet.")
    words = ["It", "folds", "flat", "\u2014", "and", "stays", "quiet."]
    found = await word_times(words, tmp_path / "said.wav", SETTINGS, 60)
    assert found is not None
    assert found[3] == Times(start=found[4].start, end=found[4].start)


@pytest.mark.parametrize(
    "words",
    [[], ["\u2014"], ["a", "text", "of", "far", "more", "words", "than", "half", "a", "second", "has", "room", "for"]],
)
async def test_what_cannot_be_there_is_not_found(tmp_path: Path, words: list[str]) -> None:
    with wave.open(str(tmp_path / "silence.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(np.zeros(4_000, np.int16).tobytes())
    assert await word_times(words, tmp_path / "silence.wav", SETTINGS, 60) is None
