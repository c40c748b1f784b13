"""Which rows of a run's fan-outs are at work, on whichever node: a run is not said to be over while some are."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import redis.asyncio as redis
from redis.exceptions import RedisError

_DAY_SECONDS = 24 * 3600  # for rows whose process was killed, in a run that never ended
_POLL_SECONDS = 0.05


def rows_key(run: str) -> str:
    """Return the key of the set of a run's rows that are at work."""
    return f"pipeline:run:{run}:rows"


@asynccontextmanager
async def row_at_work(client: redis.Redis, run: str) -> AsyncIterator[None]:
    """Count a row among those at work, until it has ended with all its processes; without Redis it is not counted."""
    key, row = rows_key(run), uuid.uuid4().hex
    with contextlib.suppress(RedisError):
        await client.sadd(key, row)
        await client.expire(key, _DAY_SECONDS)
    try:
        yield
    finally:
        with contextlib.suppress(RedisError):
            await client.srem(key, row)


async def await_rows(client: redis.Redis, run: str, seconds: float) -> None:
    """Wait until no row of a run that was stopped is at work, at most so long: one that was killed never says so."""
    with contextlib.suppress(RedisError, TimeoutError):
        async with asyncio.timeout(seconds):
            while await client.scard(rows_key(run)):  # noqa: ASYNC110 - the rows are other processes'
                await asyncio.sleep(_POLL_SECONDS)
