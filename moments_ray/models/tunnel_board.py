"""How the tunnels of all model clients stand: told by each to Redis now and then, read by who asks for health."""

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


class TunnelBoard:
    """States by holder; what was not told again for a minute is not believed any more."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    async def tell(self, holder: str, states: Sequence[TunnelState]) -> None:
        """Write how a process's tunnels stand; a Redis that is away is only noted."""
        told = json.dumps({"at": time.time(), "states": [state.state for state in states]})
        try:
            async with self._redis.pipeline(transaction=True) as transaction:
                transaction.hset(KEY, holder, told)
                transaction.expire(KEY, _LIFE_SECONDS)
                await transaction.execute()
        except RedisError as error:
            log.warning("tunnels.publish_failed", error=str(error))

    async def read(self) -> dict[str, int]:
        """Return how many tunnels are in which state, and forget holders that fell silent; raises Redis's errors."""
        found: dict[Any, Any] = await self._redis.hgetall(KEY)
        counted: Counter[str] = Counter()
        silent = []
        for holder, value in found.items():
            told = json.loads(value)
            if time.time() - told["at"] > _LIFE_SECONDS:
                silent.append(holder)
            else:
                counted.update(told["states"])
        if silent:
            await self._redis.hdel(KEY, *silent)
        return dict(counted)
