"""When each word of a line is said, where who spoke it does not say so: as it is heard, else by the words' lengths."""

from __future__ import annotations

from pathlib import Path

import structlog

from moments_ray.ads.script.rules import speakable
from moments_ray.ads.values import Line, SpokenWord
from moments_ray.engine import Context
from moments_ray.errors import MediaError
from moments_ray.speech.alignment import word_times

log = structlog.get_logger()


async def heard(ctx: Context, line: Line, sound: Path) -> tuple[SpokenWord, ...] | None:
    """Return a line's words where they are heard in its sound; None where they are not, or in another language.

    Raises:
        MediaTimeout: it takes longer than the stage may.
    """
    if not line.language.lower().startswith("en"):
        return None
    words = speakable(line.text).split()
    try:
        times = await word_times(words, sound, ctx.settings, ctx.seconds_left())
    except MediaError as error:
        log.warning("ads.words_not_heard", code=error.code, error=error.message)
        return None
    if times is None:
        return None
    return tuple(SpokenWord(text=word, start=at.start, end=at.end) for word, at in zip(words, times, strict=True))


def spread(text: str, seconds: float) -> tuple[SpokenWord, ...]:
    """Return a line's words with times by their lengths, where nobody knows when each is said."""
    words = speakable(text).split()
    letters = sum(len(word) + 1 for word in words)
    found, done = [], 0
    for word in words:
        start = seconds * done / letters
        done += len(word) + 1
        found.append(SpokenWord(text=word, start=start, end=seconds * done / letters))
    return tuple(found)
