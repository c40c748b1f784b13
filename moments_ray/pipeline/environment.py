"""What a process needs to execute stages: connected once, kept as long as the process lives."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import httpx

from moments_ray.database.session import Database
from moments_ray.database.tables import Run
from moments_ray.ids import RunId
from moments_ray.metrics import Meter, unmetered
from moments_ray.models.gateway import Gateway
from moments_ray.pipeline.registry import Registry
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
    models: Gateway
    outbound: Outbound
    meter: Meter = unmetered
    chores: tuple[Chore, ...] = ()
    clear_up: ClearUp | None = None


# A module-level function, so that it travels between processes by its name.
Connect = Callable[[Settings], Environment]


class Process:
    """This process's event loop and environment, shared by the stages it executes one after another.

    ``run`` is ``asyncio.run`` with a loop that stays: a connection to PostgreSQL costs more than most commits,
    and ``ray.cancel`` still reaches the running coroutine as CancelledError.
    """

    def __init__(self, connect: Connect, settings: Settings) -> None:
        self.key = (connect, settings)
        self._runner = asyncio.Runner()
        self.environment = self._runner.run(_connected(connect, settings))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end in the process's loop."""
        return self._runner.run(work)


async def _connected(connect: Connect, settings: Settings) -> Environment:
    return connect(settings)


_process: Process | None = None


def process(connect: Connect, settings: Settings) -> Process:
    """Return this process's loop and environment, connecting on the first call."""
    global _process  # noqa: PLW0603 - one per process is what it is
    if _process is None or _process.key != (connect, settings):
        _process = Process(connect, settings)
    return _process
