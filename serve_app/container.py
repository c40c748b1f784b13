"""What the routes need, connected once a process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import redis.asyncio as redis

from moments_ray import runtime
from moments_ray.pipeline.environment import Environment
from moments_ray.runs.dead import DeadLetters
from moments_ray.runs.feed import Feed
from moments_ray.runs.live import Live
from moments_ray.runs.submit import Desk
from moments_ray.settings import Settings

_PATIENCE_SECONDS = 1.0  # with a Redis that says nothing; what was to be rung is rung by the sweeper

Nodes = Callable[[], Sequence[Mapping[str, float]]]


@dataclass(frozen=True)
class Container:
    """The connections of the API; ``nodes`` blocks while it asks the cluster what each living node offers."""

    environment: Environment
    redis: redis.Redis
    nodes: Nodes

    @classmethod
    def connect(cls, settings: Settings) -> Self:
        """Connect; connections open on their first use.

        Raises:
            StorageError: the object store cannot be used.
        """
        environment = runtime.connect(settings)
        client = runtime.open_redis(settings, patience=_PATIENCE_SECONDS)
        return cls(environment, client, lambda: [node.resources for node in runtime.nodes()])

    @cached_property
    def desk(self) -> Desk:
        """Where runs are handed in and taken back."""
        return Desk(self.environment, self.redis)

    @cached_property
    def dead(self) -> DeadLetters:
        """What was given up."""
        return DeadLetters(self.environment.database, self.redis, self.desk)

    @cached_property
    def live(self) -> Live:
        """The live board."""
        return Live(self.redis)

    @cached_property
    def feed(self) -> Feed:
        """What tells that a run moved."""
        return Feed(self.redis, self.environment.database)

    async def close(self) -> None:
        """Close every connection."""
        await self.feed.close()
        await self.redis.aclose()
        await self.environment.models.close()
        await self.environment.database.close()
