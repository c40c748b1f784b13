"""Talks made of sentences whose times are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from moments_ray.moments.finding.timeline import Timeline
from moments_ray.speech.transcript import Transcript, Word
from tests.unit.moments.saying_model import long_talk

Speak = Callable[[Sequence[str]], Transcript]

WORD_SECONDS = 0.4
PAUSE_SECONDS = 0.5

_SUBJECTS = (
    (
        "Sourdough bread begins with a lively starter of flour and water.",
        "The starter ferments because wild yeast feeds on the flour.",
        "Bakers knead the dough until the gluten stretches without tearing.",
        "A hot oven makes the crust of the sourdough blister and brown.",
        "Why does the dough rise twice before the oven?",
        "The second rise lets the yeast fill the dough with gas.",
        "Without a starter the bread stays flat and the crust stays pale.",
    ),
    (
        "Volcanoes grow where magma climbs through cracks in the plates.",
        "The magma carries gas that explodes when the pressure falls.",
        "Lava from Hawaiian volcanoes runs thin and travels for miles.",
        "Ash from the eruption of 1815 cooled the whole planet.",
        "Geologists listen for tremors before an eruption.",
        "Pressure below the crater tells them when magma moves.",
        "An eruption under ice melts glaciers into floods of ash and mud.",
    ),
    (
        "Violins are carved from spruce and maple that dried for decades.",
        "The luthier taps the spruce plate and listens to its tone.",
        "Varnish protects the maple and colours the violin.",
        "A bow strung with horse hair pulls sound from the strings.",
        "Old violins from Cremona are played in concert halls today.",
        "Strings of gut sound warmer than strings of steel.",
        "The bridge of the violin carries the strings to the plate.",
    ),
    (
        "Bees tell their hive where flowers bloom by dancing.",
        "The angle of the dance points from the sun to the flowers.",
        "Workers in the hive follow the dance in the dark.",
        "A long dance means that nectar is far from the hive.",
        "Drones never dance and never gather nectar.",
        "The queen lays eggs in cells of wax that workers build.",
        "Wax, nectar and pollen keep the hive alive through winter.",
    ),
    (
        "Railways made towns agree upon one time of the day.",
        "Before the railways every town set its clocks by the sun.",
        "A timetable with local clocks sent trains into each other.",
        "Telegraph wires carried the time from Greenwich to the stations.",
        "Station clocks had two minute hands in Bristol for years.",
        "Parliament made railway time the legal time in 1880.",
        "Trains, clocks and telegraph wires shrank the country.",
    ),
)


def spoken(sentences: Sequence[str]) -> Transcript:
    """Say sentences one after the other: 0.4 s a word, 0.5 s between sentences."""
    words: list[Word] = []
    now = PAUSE_SECONDS
    for sentence in sentences:
        for text in sentence.split():
            words.append(Word(text=text, start=round(now, 3), end=round(now + WORD_SECONDS, 3)))
            now += WORD_SECONDS
        now += PAUSE_SECONDS
    return Transcript(engine="test", language=None, words=tuple(words), segments=())


@pytest.fixture(scope="session")
def speak() -> Speak:
    return spoken


@pytest.fixture(scope="session")
def subjects() -> tuple[tuple[str, ...], ...]:
    """Five subjects of seven sentences each."""
    return _SUBJECTS


@pytest.fixture(scope="session")
def talk(subjects: tuple[tuple[str, ...], ...]) -> Transcript:
    """A talk of some two and a half minutes that goes through five subjects."""
    return spoken([sentence for subject in subjects for sentence in subject])


@pytest.fixture(scope="session")
def timeline(talk: Transcript) -> Timeline:
    return Timeline.of(talk, talk.words[-1].end + 1)


@pytest.fixture(scope="session")
def lecture(subjects: tuple[tuple[str, ...], ...]) -> Timeline:
    return long_talk(subjects, 65)
