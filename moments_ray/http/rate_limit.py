"""How much one client may ask in a minute: counted in Redis for all replicas, and here while that is away."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Any

import redis.asyncio as redis
import structlog
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import RateLimiter, SlidingWindowCounterRateLimiter
from redis.exceptions import RedisError

from moments_ray.errors import RateExceeded

log = structlog.get_logger()

_PREFIX = "api:requests"
_TIMEOUT_SECONDS = 0.5
_ALONE_SECONDS = 5.0  # between two tries to reach a Redis that is away


class RateLimit:
    """Counts requests by client over a sliding minute; ``per_minute`` 0 lets any number pass."""

    def __init__(self, client: redis.Redis, per_minute: int) -> None:
        self._per_minute = per_minute
        # The pool is ours, so the URL is read by nobody; the library must only know the kind of server.
        pool: dict[str, Any] = {"connection_pool": client.connection_pool}
        storage = RedisStorage("redis://", implementation="redispy", key_prefix=_PREFIX, **pool)
        self._shared = SlidingWindowCounterRateLimiter(storage)
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._alone_until = 0.0

    async def count(self, who: str) -> None:
        """Count a request.

        Raises:
            RateExceeded: there were too many; ``detail["retry_after"]`` is seconds until the next one passes.
        """
        if not self._per_minute:
            return
        alone = time.monotonic() < self._alone_until
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                await self._hit(self._own if alone else self._shared, who)
        except (RedisError, TimeoutError) as error:
            log.warning("rate.redis_unavailable", error=type(error).__name__)
            self._alone_until = time.monotonic() + _ALONE_SECONDS
            await self._hit(self._own, who)

    async def _hit(self, limiter: RateLimiter, who: str) -> None:
        limit = RateLimitItemPerMinute(self._per_minute)
        if await limiter.hit(limit, who):
            return
        free_at = (await limiter.get_window_stats(limit, who)).reset_time
        raise RateExceeded(
            f"More than {self._per_minute:,} requests in a minute: wait, and ask less often.",
            {"retry_after": max(1, math.ceil(free_at - time.time()))},
        )
