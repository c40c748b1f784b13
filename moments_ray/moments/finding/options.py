"""What a user may ask of the finder, checked once."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from moments_ray.errors import InvalidRequest
from moments_ray.speech.transcript import Frozen

MIN_SECONDS = 15.0
MAX_SECONDS = 90.0
_MOMENTS_PER_ROOT_MINUTE = 2.2  # 5 in five minutes, 12 in half an hour, 24 in two
MOST_ASKED = 100
LONGEST_PROMPT = 10_000

# A limit given alone pulls the other one along by this much, where the default would contradict it.
_WIDTH_OF_RANGE = 3.0
_IDEAL_SHARE = 0.4


class Bounds(NamedTuple):
    """Where moments may lie and how long they may be, in seconds."""

    earliest: float
    latest: float
    shortest: float
    longest: float

    @property
    def ideal(self) -> float:
        """The length that costs a moment nothing."""
        return min(self.shortest + _IDEAL_SHARE * (self.longest - self.shortest), self.latest - self.earliest)


class FindOptions(Frozen):
    """What to look for; lengths and positions in seconds. Made by ``find_options``, which checks it.

    With ``fill`` the local finder proposes what a model leaves out.
    """

    count: int | None = None
    min_seconds: float = MIN_SECONDS
    max_seconds: float = MAX_SECONDS
    prompt: str | None = None
    topic: str | None = None
    time_range: tuple[float, float] | None = None
    fill: bool = True

    def for_chapters(self) -> FindOptions:
        """Return the same for chapters as moments: all of them, as long as they are, where nobody asked otherwise."""
        return self.model_copy(
            update={
                "count": self.count or MOST_ASKED,
                "min_seconds": 1.0 if self.min_seconds == MIN_SECONDS else self.min_seconds,
                "max_seconds": math.inf if self.max_seconds == MAX_SECONDS else self.max_seconds,
            }
        )

    def count_for(self, seconds: float) -> int:
        """Return how many moments to look for in a source of this length: the asked, else one a minute.

        In a source of more than five minutes there are fewer a minute the longer it is.
        """
        if self.count is not None:
            return self.count
        minutes = seconds / 60.0
        return max(1, round(min(minutes, _MOMENTS_PER_ROOT_MINUTE * math.sqrt(minutes))))

    def bounds(self, duration: float) -> Bounds:
        """Return what holds for a source of this length: one shorter than the minimum may give half of it or more."""
        earliest, latest = self.time_range or (0.0, duration)
        latest = max(earliest, min(latest, duration))
        shortest = self.min_seconds if latest - earliest >= self.min_seconds else (latest - earliest) / 2
        return Bounds(earliest, latest, shortest, self.max_seconds)


def find_options(
    *,
    count: int | None = None,
    min_seconds: float | None = None,
    max_seconds: float | None = None,
    prompt: str | None = None,
    topic: str | None = None,
    time_range: Sequence[float] | None = None,
    fill: bool = True,
) -> FindOptions:
    """Check what a user asks and fill in what they left open.

    Raises:
        InvalidRequest: with one sentence that names the option and what it takes.
    """
    shortest = _seconds("The minimum length", min_seconds)
    longest = _seconds("The maximum length", max_seconds)
    if shortest is not None and longest is not None and shortest > longest:
        raise InvalidRequest(
            f"The minimum length ({shortest:g} s) is above the maximum length ({longest:g} s); "
            "give a minimum no longer than the maximum."
        )
    if longest is None:
        longest = MAX_SECONDS if shortest is None or shortest < MAX_SECONDS else shortest * _WIDTH_OF_RANGE
    if shortest is None:
        shortest = MIN_SECONDS if longest > MIN_SECONDS else longest / _WIDTH_OF_RANGE
    return FindOptions(
        count=_count(count),
        min_seconds=shortest,
        max_seconds=longest,
        prompt=_text("The prompt", prompt),
        topic=_text("The topic", topic),
        time_range=_range(time_range),
        fill=fill,
    )


def _count(count: int | None) -> int | None:
    if count is None:
        return None
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST_ASKED:
        raise InvalidRequest(f"The count must be a whole number from 1 to {MOST_ASKED}, not {str(count)[:40]!r}.")
    return count


def _number(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InvalidRequest(f"{name} must be a number of seconds, not {str(value)[:40]!r}.")
    return float(value)


def _seconds(name: str, value: float | None) -> float | None:
    if value is None:
        return None
    if (seconds := _number(name, value)) <= 0:
        raise InvalidRequest(f"{name} must be above 0 seconds, not {seconds:g}.")
    return seconds


def _text(name: str, value: str | None) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidRequest(f"{name} must be text.")
    if len(value) > LONGEST_PROMPT:
        raise InvalidRequest(f"{name} is {len(value)} characters long; at most {LONGEST_PROMPT} are read.")
    printable = "".join(" " if unicodedata.category(char) in {"Cc", "Cs"} else char for char in value)
    return re.sub(r"\s+", " ", printable).strip() or None


def _range(value: Sequence[float] | None) -> tuple[float, float] | None:
    if value is None:
        return None
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != 2:
        raise InvalidRequest("The time range must be two positions in seconds, start and end.")
    start, end = (_number("An edge of the time range", edge) for edge in value)
    if start < 0 or end <= start:
        raise InvalidRequest(
            f"The time range must start at 0 or later and end after it starts, not run from {start:g} to {end:g}."
        )
    return start, end
