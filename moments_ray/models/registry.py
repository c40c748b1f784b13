"""The models this deployment can ask, by key."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from moments_ray.errors import UnknownModel


class ModelKind(StrEnum):
    """What a model is asked for."""

    MOMENTS = "moments"  # finds them, or refines their edges


@dataclass(frozen=True)
class Model:
    """A model under its key; ``supports_video`` says whether a refiner watches clips."""

    key: str
    kind: ModelKind
    supports_video: bool


EMBEDDED = (Model("local", ModelKind.MOMENTS, supports_video=True),)


def model(key: str | None, kind: ModelKind = ModelKind.MOMENTS) -> Model:
    """Return the model of a key, or the default of its kind.

    Raises:
        UnknownModel: naming the keys there are.
    """
    known = {entry.key: entry for entry in EMBEDDED if entry.kind is kind}
    try:
        return known[key or "local"]
    except KeyError:
        raise UnknownModel(f"there is no model {str(key)[:80]!r}; known are {', '.join(sorted(known))}") from None
