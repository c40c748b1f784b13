"""What proposers say and what users see."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, FiniteFloat

from moments_ray.speech.transcript import Frozen

_CLOCK = re.compile(r"^\s*(?:(\d{1,3}):)?(\d{1,3}):(\d{1,2}(?:[.,]\d+)?)\s*$")


def read_clock(value: object) -> object:
    """Turn ``1:02:03.5`` or ``2:03`` into seconds and leave everything else as it is."""
    if isinstance(value, str) and (match := _CLOCK.match(value)):
        hours, minutes, seconds = match.groups(default="0")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds.replace(",", "."))
    return value


def clock(seconds: float) -> str:
    """Write a position as ``0:42``, ``12:05`` or ``1:02:03``."""
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


class Proposal(Frozen):
    """A moment that somebody proposes by sentence numbers, both inclusive, counted from 0; ``score`` is 0 to 100.

    Nothing in it is trusted: ``select`` checks every field.
    """

    first: int
    last: int
    title: str
    reason: str = ""
    score: float = 50.0


class TimedProposal(Frozen):
    """A moment that somebody proposes by seconds, or by clock text; as little trusted as ``Proposal``."""

    start_time: Annotated[float, BeforeValidator(read_clock)]
    end_time: Annotated[float, BeforeValidator(read_clock)]
    title: str
    reason: str = ""
    score: float = 50.0


class Step(Frozen):
    """One move of a moment's edges: where they stood after it, in seconds, and why."""

    step: Literal["propose", "fit", "snap", "refine", "edit"]
    start_time: FiniteFloat
    end_time: FiniteFloat
    reason: str


class Moment(Frozen):
    """A stretch worth watching; times in seconds from the start of the source, ``score`` 0 to 100."""

    title: str
    start_time: FiniteFloat
    end_time: FiniteFloat
    score: FiniteFloat
    reason: str
    provenance: tuple[Step, ...] = ()

    @property
    def seconds(self) -> float:
        """The moment's length."""
        return self.end_time - self.start_time
