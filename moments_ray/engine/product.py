"""A product: a kind of work as one folder, declared in one place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from moments_ray.database.session import WriteSession
from moments_ray.engine.pipeline import Pipeline
from moments_ray.engine.queries.references import References
from moments_ray.settings import Quota, Settings

if TYPE_CHECKING:
    from fastapi import APIRouter

# Work that is done now and then by whichever workers there are: more than once, at once too. It takes the
# ``Environment``.
PeriodicTask = Callable[[Any], Awaitable[None]]


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
class Owned:
    """Objects of a product: those under ``prefix``, in one folder a subject; ``rows`` knows what points at them."""

    prefix: str
    rows: type[References] = References

    def __post_init__(self) -> None:
        if not self.prefix.endswith("/"):
            raise ValueError(f"a prefix of objects ends with a slash, not {self.prefix!r}")


class BodyLimit(Protocol):
    """How large bodies may be that go to a route, as far as whoever checks them looks at it."""

    @property
    def bytes(self) -> int:
        """The largest body."""

    @property
    def cure(self) -> str:
        """What helps with a larger one."""

    def covers(self, path: str) -> bool:
        """Tell whether a path is meant."""


def _no_limits(_: Settings) -> Sequence[BodyLimit]:
    return ()


@dataclass(frozen=True)
class ProductApi:
    """What a product adds to the API: routers, in the order in which they match, and what their tags stand for.

    ``body_limits`` are of routes that take more than the 1 MiB of others.
    """

    routers: Sequence[APIRouter]
    tags: Mapping[str, str] = field(default_factory=dict)
    body_limits: Callable[[Settings], Sequence[BodyLimit]] = _no_limits


@dataclass(frozen=True)
class Product:
    """What a kind of work adds: its pipelines, the roles it asks models to play, the objects it owns, its API.

    ``periodic_tasks`` is what it wants done now and then; ``api`` imports its routes, which only the API's process
    does. ``before_deletion`` writes down, with the mark that a video is being deleted, what it has to tell of it later.
    """

    name: str
    pipelines: tuple[Pipeline, ...] = ()
    roles: tuple[ModelRole, ...] = ()
    owned: tuple[Owned, ...] = ()
    periodic_tasks: tuple[PeriodicTask, ...] = ()
    before_deletion: Callable[[WriteSession, str], Awaitable[None]] | None = None
    api: Callable[[], ProductApi] | None = None
