"""Which models a command asks."""

from __future__ import annotations

from dataclasses import dataclass

from moments_ray.embedded.services import never_started
from moments_ray.library.roles import TRANSCRIBER
from moments_ray.models.entry import ModelEntry
from moments_ray.models.registry import ModelRegistry, choose, defaults
from moments_ray.moments.roles import MOMENT_GENERATOR, REFINER
from moments_ray.settings import Settings


@dataclass(frozen=True)
class NamedModels:
    """The keys that a person gave; None leaves the choice to us."""

    generation: str | None
    refinement: str | None
    transcriber: str | None


@dataclass(frozen=True)
class Models:
    """Who finds moments and who refines them; ``remote`` tells whether the run may ask anybody over a network."""

    generator: ModelEntry
    refiner: ModelEntry
    remote: bool


def check_early(named: NamedModels, settings: Settings) -> None:
    """Refuse unknown keys before anything is started, where nobody can have registered other models yet.

    Raises:
        UnknownModel: there is no such model.
        ModelNotConfigured: nobody has said where it is.
    """
    if never_started(settings):
        _chosen(named, defaults())


async def resolve(named: NamedModels, registry: ModelRegistry) -> Models:
    """Look the keys up; raises as ``check_early``."""
    return _chosen(named, await registry.entries())


def _chosen(named: NamedModels, entries: dict[str, ModelEntry]) -> Models:
    generator = choose(entries, named.generation, MOMENT_GENERATOR)
    refiner = choose(entries, named.refinement, REFINER)
    heard_by = [entry for entry in entries.values() if entry.kind in TRANSCRIBER.kinds and entry.configured]
    if named.transcriber is not None:
        heard_by = [choose(entries, named.transcriber, TRANSCRIBER)]
    return Models(generator, refiner, not all(entry.embedded for entry in (generator, refiner, *heard_by)))
