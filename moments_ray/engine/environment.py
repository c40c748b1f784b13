"""What a process needs to execute stages: connected once, kept as long as the process lives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import httpx
import redis.asyncio as redis

from moments_ray.database.session import Database
from moments_ray.engine.live_words import LiveWords
from moments_ray.engine.registry import Registry
from moments_ray.ids import RunId
from moments_ray.process.metrics import Meter, unmetered
from moments_ray.settings import Settings
from moments_ray.states import StageStatus
from moments_ray.storage.cache import NodeCache
from moments_ray.storage.object_store import ObjectStore

T = TypeVar("T")


@dataclass(frozen=True)
class RunRef:
    """What a claimed run is called where its status is shown.

    ``key_name`` stands in the names of its lock and cancel flag; ``folder`` is where its objects live;
    ``stages`` are its pipeline's, in order; ``words`` are those of clients that know other ones.
    """

    run: RunId
    subject: str
    key_name: str
    attempt: int
    folder: str
    stages: tuple[str, ...]
    words: LiveWords | None = None


def key_name(subject: str, exclusive_key: str | None, run: str) -> str:
    """Return what stands in the names of a run's lock and cancel flag.

    One run a subject where it is exclusive; runs that share a subject have a lock and a flag each.
    """
    return subject if exclusive_key is not None else run


class StatusPublisher(Protocol):
    """Where live status is shown; it may be lost at any moment, so showing never raises."""

    async def stages(self, ref: RunRef, changes: Sequence[tuple[str, StageStatus]]) -> None:
        """Show new statuses of stages, in the order in which they came."""

    async def progress(self, ref: RunRef, stage: str, fraction: float) -> None:
        """Show how far a stage is, 0 to 1."""


class Service(Protocol):
    """Something a product's stages use beside database and store; it is asked for by its type."""

    async def close(self) -> None:
        """Close its connections."""


S = TypeVar("S", bound=Service)

Outbound = Callable[[], httpx.AsyncBaseTransport]


@dataclass(frozen=True)
class Environment:
    """The connections and declarations of one process.

    ``outbound`` makes a transport to addresses that strangers named, which refuses those it may not reach.
    """

    settings: Settings
    registry: Registry
    database: Database
    store: ObjectStore
    cache: NodeCache
    redis: redis.Redis
    status_publisher: StatusPublisher
    services: tuple[Service, ...]
    outbound: Outbound
    meter: Meter = unmetered

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
        """Close every connection."""
        for service in self.services:
            await service.close()
        await self.redis.aclose()
        await self.database.close()


# A module-level function, so that it travels between processes by its name.
Connect = Callable[[Settings], Environment]
