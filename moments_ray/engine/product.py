"""A product: a kind of work as one folder, declared in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from moments_ray.engine.pipeline import Pipeline
from moments_ray.settings import Quota


class ModelRole(Protocol):
    """What a product asks models to be, as far as whoever deploys and checks their clients looks at it."""

    @property
    def name(self) -> str:
        """Its name, which no other role of the deployment has."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of models that can play it."""

    @property
    def quota(self) -> Quota:
        """What it may have under way unless settings say otherwise."""


@dataclass(frozen=True)
class Product:
    """What a kind of work adds: its pipelines, and the roles it asks models to play."""

    name: str
    pipelines: tuple[Pipeline, ...] = ()
    roles: tuple[ModelRole, ...] = ()
