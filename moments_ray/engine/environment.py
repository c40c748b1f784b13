"""What a process needs to execute stages: connected once, kept as long as the process lives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import httpx

from moments_ray.database.session import Database
from moments_ray.database.tables import Run
from moments_ray.engine.registry import Registry
from moments_ray.ids import RunId
from moments_ray.process.metrics import Meter, unmetered
from moments_ray.settings import Settings
from moments_ray.states import StageStatus
from moments_ray.storage.cache import NodeCache
from moments_ray.storage.object_store import ObjectStore

T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """A claimed run's place on the live board; ``stages`` are its pipeline's, in order."""

    run: RunId
    subject: str
    attempt: int
    stages: tuple[str, ...]


class Board(Protocol):
    """Where live status is shown; it may be lost at any moment, so showing never raises."""

    async def stage(self, place: Place, stage: str, status: StageStatus) -> None:
        """Show a stage's new status."""

    async def progress(self, place: Place, stage: str, fraction: float) -> None:
        """Show how far a stage is, 0 to 1."""


class Service(Protocol):
    """Something a product's stages use beside database and store; it is asked for by its type."""

    async def close(self) -> None:
        """Close its connections."""


S = TypeVar("S", bound=Service)

Chore = Callable[["Environment"], Awaitable[None]]
ClearUp = Callable[["Environment", Run], Awaitable[None]]
Outbound = Callable[[], httpx.AsyncBaseTransport]


@dataclass(frozen=True)
class Environment:
    """The connections and declarations of one process.

    ``outbound`` makes a transport to addresses that strangers named, which refuses those it may not reach. ``chores``
    is what the product wants done now and then, by whichever workers there are: more than once, at once too.
    ``clear_up`` is what it wants done before a run's verdict, while no other run of the subject can begin.
    """

    settings: Settings
    registry: Registry
    database: Database
    store: ObjectStore
    cache: NodeCache
    board: Board
    services: tuple[Service, ...]
    outbound: Outbound
    meter: Meter = unmetered
    chores: tuple[Chore, ...] = ()
    clear_up: ClearUp | None = None

    def service(self, kind: type[S]) -> S:
        """Return the service of a type.

        Raises:
            LookupError: this process was connected without it.
        """
        for service in self.services:
            if isinstance(service, kind):
                return service
        raise LookupError(f"no {kind.__name__} among the services of this process")

    async def close(self) -> None:
        """Close the services and every connection to PostgreSQL."""
        for service in self.services:
            await service.close()
        await self.database.close()


# A module-level function, so that it travels between processes by its name.
Connect = Callable[[Settings], Environment]
