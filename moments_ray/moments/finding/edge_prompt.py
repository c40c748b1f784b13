"""What a model is told when it looks at a moment's edges, and how its choice is read.

It chooses by number from lists of possible edges. An answer in seconds, which some models give whatever they are asked
for, is read as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, FiniteFloat, JsonValue, PrivateAttr, ValidationInfo, model_validator

from moments_ray.moments.finding.answers import worded
from moments_ray.moments.finding.moment import Moment
from moments_ray.moments.finding.prompt import DATA_RULE

REFINE_SYSTEM = (
    "You are a video editor. You look at the edges of one moment of a video and choose where it shall start and end: "
    "not in the midst of a thought, a movement or a shot, without a greeting or a trailing pause. "
    f"{DATA_RULE} "
    'Answer with one JSON document and nothing else: {"start": 2, "end": 3, "reason": "…"}. "start" and "end" are '
    'numbers from the two lists of possible edges. "reason" says in one sentence why. Keep the present edges unless '
    "others are better."
)
REFINE_SCHEMA: dict[str, JsonValue] = {
    "type": "object",
    "properties": {"start": {"type": "integer"}, "end": {"type": "integer"}, "reason": {"type": "string"}},
    "required": ["start", "end", "reason"],
    "additionalProperties": False,
}


def refine_instructions(prompt: str | None) -> str:
    """Return what the user wants of edges, in words: what stands before the moment."""
    asked = f"\nThe user asks for: {prompt}" if prompt else ""
    return f"Choose the best start and the best end for this moment.{asked}"


@dataclass(frozen=True)
class EdgeChoice:
    """Where a moment may start and end, in seconds of the source; ``offset`` is where the watched clip begins.

    Times count as meant when they are no further than ``longest_move`` seconds from the present edges.
    """

    moment: Moment
    starts: tuple[float, ...]
    ends: tuple[float, ...]
    longest_move: float
    offset: float | None = None

    def meant(self, start: float, end: float) -> tuple[float, float] | None:
        """Return times in seconds of the source: they may count from the clip's start, or thousandths."""
        offsets = (0.0,) if self.offset is None else (0.0, self.offset)
        for unit in (1.0, 1000.0):
            for offset in offsets:
                found = start / unit + offset, end / unit + offset
                near = (abs(found[0] - self.moment.start_time), abs(found[1] - self.moment.end_time))
                if max(near) <= self.longest_move:
                    return found
        return None


class ChosenEdges(BaseModel):
    """A model's choice of edges; validated with an ``EdgeChoice`` as context."""

    model_config = ConfigDict(extra="ignore")

    start: int | None = None
    end: int | None = None
    start_time: FiniteFloat | None = None
    end_time: FiniteFloat | None = None
    reason: str = ""
    _edges: tuple[float, float] | None = PrivateAttr(default=None)

    @model_validator(mode="before")
    @classmethod
    def _only_what_counts(cls, value: Any) -> Any:
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, dict):
            return {**value, "reason": worded(value.get("reason"), REFINE_SYSTEM)}
        return value

    @model_validator(mode="after")
    def _among_those_offered(self, info: ValidationInfo) -> Self:
        choice = info.context
        assert isinstance(choice, EdgeChoice)  # noqa: S101 - there is no other way to judge a number
        if self.start is not None and self.end is not None:
            if not 1 <= self.start <= len(choice.starts):
                raise ValueError(f'"start" must be a number from 1 to {len(choice.starts)}')
            if not 1 <= self.end <= len(choice.ends):
                raise ValueError(f'"end" must be a number from 1 to {len(choice.ends)}')
            self._edges = choice.starts[self.start - 1], choice.ends[self.end - 1]
        elif self.start_time is not None and self.end_time is not None:
            self._edges = choice.meant(self.start_time, self.end_time)
        else:
            raise ValueError('"start" and "end" must be numbers from the lists of possible edges')
        return self

    @property
    def edges(self) -> tuple[float, float] | None:
        """The chosen start and end in seconds of the source; None where times were given that nobody could mean."""
        return self._edges


def edge_lines(places: Sequence[float], present: float, origin: float, beside: Sequence[str]) -> str:
    """Return possible edges as a numbered list: seconds from ``origin``, and what is said beside each."""
    return "\n".join(
        f"{number}. at {place - origin:.1f} s"
        + (" (present)" if place == present else "")
        + (f", {said}" if said else "")
        for number, (place, said) in enumerate(zip(places, beside, strict=True), start=1)
    )
