"""How the tunnels of all model clients stand: published to Redis by each now and then, and read for the health page."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError

from moments_ray.models.tunnel import TunnelState

log = structlog.get_logger()

KEY = "model:tunnels"
_LIFE_SECONDS = 60


class TunnelStates:
    """States by client; what was not published again for a minute is out of date."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    async def publish(self, client: str, states: Sequence[TunnelState]) -> None:
        """Write how a process's tunnels stand; a Redis that is away is only logged."""
        message = json.dumps({"at": time.time(), "states": [state.state for state in states]})
        try:
            async with self._redis.pipeline(transaction=True) as transaction:
                transaction.hset(KEY, client, message)
                transaction.expire(KEY, _LIFE_SECONDS)
                await transaction.execute()
        except RedisError as error:
            log.warning("tunnels.publish_failed", error=str(error))

    async def read(self) -> dict[str, int]:
        """Return how many tunnels are in each state, and forget clients that are out of date; raises Redis's errors."""
        found: dict[Any, Any] = await self._redis.hgetall(KEY)
        counted: Counter[str] = Counter()
        stale = []
        for client, value in found.items():
            published = json.loads(value)
            if time.time() - published["at"] > _LIFE_SECONDS:
                stale.append(client)
            else:
                counted.update(published["states"])
        if stale:
            await self._redis.hdel(KEY, *stale)
        return dict(counted)
