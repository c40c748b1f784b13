"""Beds of music, synthesised with numpy: equal seeds play equal notes, and nobody holds rights in them."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, Protocol

import numpy as np

RATE: Final = 48_000
_LEVEL = 0.5  # of full scale at the loudest sample
_ROOTS = (45, 48, 50, 52)  # MIDI numbers of A2, C3, D3, E3: the seed chooses
_CHORDS = ((0, 3, 7, 10), (-4, 0, 3, 7), (3, 7, 10, 14), (-2, 2, 5, 10))  # half tones over the root: i VI III VII

BedMode = Literal["pad", "four_on_floor", "plucks", "drums"]

Sound = np.ndarray[Any, np.dtype[np.float64]]


class BedStyle(Protocol):
    """Which bed is played, and how quickly."""

    @property
    def bpm(self) -> int:
        """Beats a minute."""

    @property
    def mode(self) -> BedMode:
        """What plays."""


class Bed(NamedTuple):
    """A bed by its name."""

    bpm: int
    mode: BedMode


BEDS: Final = {
    "calm": Bed(72, "pad"),
    "bright": Bed(104, "plucks"),
    "tense": Bed(90, "drums"),
    "drive": Bed(122, "four_on_floor"),
}


class _Bar(NamedTuple):
    """Four beats: when they begin and how long one is (seconds), the root (MIDI), the chord (half tones over it)."""

    at: float
    beat: float
    root: int
    chord: tuple[int, ...]


def write_bed(path: Path, music: BedStyle, *, seconds: float, seed: int) -> None:
    """Write a bed as a WAV file, 16-bit mono at 48 kHz, faded in and out."""
    sound = bed(music, seconds=seconds, seed=seed)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((sound * 32767).astype("<i2").tobytes())


def bed(music: BedStyle, *, seconds: float, seed: int) -> Sound:
    """Return a bed as samples at 48 kHz, from -1 to 1."""
    chance = np.random.default_rng(seed)
    root = int(chance.choice(_ROOTS))
    beat = 60 / music.bpm
    sound = np.zeros(round(seconds * RATE))
    make = {"pad": _pad, "four_on_floor": _four_on_floor, "plucks": _plucks, "drums": _drums}[music.mode]
    for number in range(int(seconds / (4 * beat)) + 1):
        make(sound, _Bar(number * 4 * beat, beat, root, _CHORDS[number % len(_CHORDS)]), chance)
    fade = np.minimum(1.0, np.minimum(np.arange(sound.size), np.arange(sound.size)[::-1]) / (0.6 * RATE))
    peak = float(np.abs(sound).max()) or 1.0
    return sound * fade * (_LEVEL / peak)


def _pad(sound: Sound, bar: _Bar, _: np.random.Generator) -> None:
    at, beat, root, chord = bar
    for tone in chord:
        _add(sound, at, _tone(root + 12 + tone, 4.6 * beat, attack=1.2, decay=3.5, partials=(1, 0.35, 0.12)), 0.3)
    _add(sound, at, _tone(root + chord[0], 4 * beat, attack=0.3, decay=3.0, partials=(1, 0.2)), 0.4)
    _add(sound, at, _kick(), 0.12)


def _four_on_floor(sound: Sound, bar: _Bar, chance: np.random.Generator) -> None:
    at, beat, root, chord = bar
    for step in range(4):
        _add(sound, at + step * beat, _kick(), 1.0)
        _add(sound, at + (step + 0.5) * beat, _hiss(chance, 0.05), 0.22)
        _add(
            sound,
            at + (step + 0.5) * beat,
            _tone(root - 12 + chord[0], 0.4 * beat, decay=0.2, partials=(1, 0.5, 0.3)),
            0.5,
        )
    for stab in (0.0, 0.75, 1.5, 2.5, 3.25):
        for tone in chord[:3]:
            _add(
                sound,
                at + stab * beat,
                _tone(root + 24 + tone, 0.35 * beat, decay=0.12, partials=(1, 0.6, 0.4, 0.3)),
                0.2,
            )


def _plucks(sound: Sound, bar: _Bar, chance: np.random.Generator) -> None:
    at, beat, root, chord = bar
    for step in range(8):
        tone = int(chance.choice(chord)) + (12 if step % 2 else 0)
        strength = 0.5 if step % 4 == 0 else 0.32
        _add(sound, at + step * beat / 2, _tone(root + 24 + tone, beat, decay=0.35, partials=(1, 0.4, 0.15)), strength)
    for step in (0, 2):
        _add(sound, at + step * beat, _tone(root + chord[0], 1.8 * beat, decay=0.8, partials=(1, 0.25)), 0.4)
        _add(sound, at + step * beat, _kick(), 0.35)


def _drums(sound: Sound, bar: _Bar, chance: np.random.Generator) -> None:
    at, beat, root, chord = bar
    for step in (0, 1.5, 2):
        _add(sound, at + step * beat, _kick(), 1.0)
        _add(sound, at + step * beat, _tone(root - 12 + chord[0], 0.9 * beat, decay=0.5, partials=(1, 0.3)), 0.7)
    for step in (1, 3):
        _add(sound, at + step * beat, _hiss(chance, 0.16), 0.6)
        _add(sound, at + step * beat, _tone(root + 12, 0.12, decay=0.06, partials=(1, 0.5)), 0.3)
    for step in range(8):
        _add(sound, at + step * beat / 2, _hiss(chance, 0.03), 0.16)


def _add(sound: Sound, at: float, part: Sound, strength: float) -> None:
    start = round(at * RATE)
    part = part[: max(0, sound.size - start)]
    sound[start : start + part.size] += strength * part


def _tone(note: int, seconds: float, *, attack: float = 0.005, decay: float, partials: tuple[float, ...]) -> Sound:
    time = np.arange(round(seconds * RATE)) / RATE
    pitch = 440.0 * 2 ** ((note - 69) / 12)
    wave_form = sum(level * np.sin(2 * np.pi * pitch * (index + 1) * time) for index, level in enumerate(partials))
    end = np.minimum(1.0, (time[-1] - time) / 0.03) if time.size else time
    shaped: Sound = wave_form * np.minimum(1.0, time / attack) * np.exp(-time / decay) * end
    return shaped


def _kick() -> Sound:
    time = np.arange(round(0.28 * RATE)) / RATE
    sweep: Sound = np.sin(2 * np.pi * (48 * time + 7 * (1 - np.exp(-time * 32)))) * np.exp(-time * 12)
    return sweep


def _hiss(chance: np.random.Generator, seconds: float) -> Sound:
    noise = chance.standard_normal(round(seconds * RATE))
    bright = np.diff(noise, prepend=0.0)
    shaped: Sound = bright * np.exp(-np.arange(bright.size) / (0.3 * seconds * RATE)) * 0.4
    return shaped
