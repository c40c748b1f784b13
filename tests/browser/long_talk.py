"""Three hours of a talk with forty moments, to see what many words do to a page."""

from __future__ import annotations

import itertools

from moments_ray.database.tables import Video
from moments_ray.speech.transcript import Segment, Transcript, Word
from tests.browser.shelf import Shelf

SECONDS = 3 * 3600.0
WORDS = 30_000
MOMENTS = 40
_TEXT = (
    "The reef is quiet before dawn. Nobody had counted the swifts until then, and nobody knew why they came back. "
    "What does a river remember? It carries four tons of silt a day, and it sets them down where the water slows. "
    "Ask the miller, who heard it every night for thirty years."
)


def long_transcript(words: int = WORDS, seconds: float = SECONDS) -> Transcript:
    """Words at an even pace, with a pause after each sentence."""
    step = seconds / words
    said = list(itertools.islice(itertools.cycle(_TEXT.split()), words))
    timed = [
        Word(text=word, start=number * step, end=(number + (0.55 if word[-1] in ".?" else 0.93)) * step)
        for number, word in enumerate(said)
    ]
    segment = Segment(text=" ".join(said[:40]), start=0.0, end=timed[39].end)
    return Transcript(engine="captions", language="en", words=tuple(timed), segments=(segment,))


async def add_long_talk(shelf: Shelf, moments: int = MOMENTS) -> Video:
    """Put it on a shelf; its picture is not there, for nobody watches it."""
    video = await shelf.video("Three hours by the river", b"0123456789" * 100, duration=SECONDS)
    await shelf.transcript(video, long_transcript())
    for number in range(moments):
        start = 60.0 + number * (SECONDS - 120) / moments
        title = f"What the river remembers, part {number + 1}"
        await shelf.moment(video, start, start + 45 + 3 * (number % 9), title=title, score=40.0 + number)
    return video
