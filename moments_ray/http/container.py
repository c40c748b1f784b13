"""What the routes need, connected once a process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import redis.asyncio as redis

from moments_ray.engine.environment import Environment
from moments_ray.engine.runs.dead_letters import DeadLetters
from moments_ray.engine.runs.event_feed import EventFeed
from moments_ray.engine.runs.live_status import LiveStatus
from moments_ray.engine.runs.notifier import RunNotifier
from moments_ray.engine.runs.service import RunService
from moments_ray.http.sockets import Sockets

Nodes = Callable[[], Sequence[Mapping[str, float]]]


@dataclass(frozen=True)
class Container:
    """The connections of the API; ``nodes`` blocks while it asks the cluster what each living node offers."""

    environment: Environment
    redis: redis.Redis
    nodes: Nodes

    @cached_property
    def run_service(self) -> RunService:
        """Where runs are handed in and taken back."""
        return RunService(self.environment, self.redis)

    @cached_property
    def dead(self) -> DeadLetters:
        """What was given up."""
        return DeadLetters(self.environment.database, self.redis, self.run_service)

    @cached_property
    def live(self) -> LiveStatus:
        """The live status of runs."""
        return LiveStatus(self.redis)

    @cached_property
    def notifier(self) -> RunNotifier:
        """What tells that a run moved."""
        return RunNotifier(self.redis, self.environment.database)

    @cached_property
    def feed(self) -> EventFeed:
        """The events of all runs."""
        return EventFeed(self.environment.database, self.notifier)

    @cached_property
    def sockets(self) -> Sockets:
        """The WebSockets that are open here."""
        return Sockets(self.redis, self.environment.settings.api.max_sockets)

    async def close(self) -> None:
        """Close every connection."""
        await self.sockets.close()
        await self.feed.close()
        await self.notifier.close()
        await self.redis.aclose()
        await self.environment.close()
