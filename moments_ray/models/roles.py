"""What models are asked to be, and how a call to one looks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from moments_ray.models.conversation import Question
from moments_ray.models.entry import ModelEntry


class Role(StrEnum):
    """What a model is asked to be; each has a Serve application of this name, with a deployment of this name."""

    TRANSCRIBER = "transcriber"
    MOMENT_GENERATOR = "moment_generator"
    REFINER = "refiner"


@dataclass(frozen=True)
class Call:
    """A call of a model client's ``method`` with an entry and a question, or the name of an object with sound."""

    role: Role
    method: Literal["complete", "transcribe"]
    entry: ModelEntry
    what: Question | str
