"""What products ask models to be, and how a call to one looks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from moments_ray.models.conversation import Question
from moments_ray.models.entry import ModelEntry, ModelKind
from moments_ray.models.making import Order, Recording
from moments_ray.settings import Quota

Method = Literal["complete", "transcribe", "speak", "paint", "begin", "find", "finish", "cancel"]


@dataclass(frozen=True)
class Role:
    """What a product asks models to be; a Serve application of this name, with a deployment of this name, plays it.

    Entries of ``kinds`` can play it. Where nobody names one, it is the first of ``preferred`` that is configured.
    ``quota`` is what it may have under way unless settings say otherwise.
    """

    name: str
    kinds: tuple[ModelKind, ...]
    quota: Quota = field(default_factory=Quota)
    preferred: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name.replace("_", " ")


@dataclass(frozen=True)
class Call:
    """A call of a model client's ``method`` with an entry and a question, a recording, or an order."""

    role: Role
    method: Method
    entry: ModelEntry
    what: Question | Recording | Order


class RoleWithdrawn(Exception):
    """A role's deployment is not there any more, and nobody has seen the call."""
