"""What the routes need, connected once a process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import redis.asyncio as redis

from moments_ray.engine.environment import Environment
from moments_ray.engine.runs.dead_letters import DeadLetters
from moments_ray.engine.runs.live_status import Live
from moments_ray.engine.runs.notifier import Feed
from moments_ray.engine.runs.service import Desk

Nodes = Callable[[], Sequence[Mapping[str, float]]]


@dataclass(frozen=True)
class Container:
    """The connections of the API; ``nodes`` blocks while it asks the cluster what each living node offers."""

    environment: Environment
    redis: redis.Redis
    nodes: Nodes

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
        await self.environment.close()
