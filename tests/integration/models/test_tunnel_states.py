"""What every process publishes of its tunnels is counted together, and forgotten when it publishes no more."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from moments_ray.models.tunnel import TunnelState
from moments_ray.models.tunnel_states import KEY, TunnelStates

UP, DOWN = TunnelState("a:22", "ready"), TunnelState("b:22", "down", "refused")


@pytest.fixture
async def client(each_redis_url: str) -> AsyncIterator[redis.Redis]:
    client = redis.Redis.from_url(each_redis_url)
    await client.delete(KEY)
    yield client
    await client.delete(KEY)
    await client.aclose()


async def test_states_of_all_holders_are_counted_and_silent_ones_forgotten(client: redis.Redis) -> None:
    states = TunnelStates(client)
    assert await states.read() == {}
    await states.publish("one", [UP, DOWN])
    await states.publish("two", [UP])
    assert await states.read() == {"ready": 2, "down": 1}
    await client.hset(KEY, "one", json.dumps({"at": 0, "states": ["ready"]}))
    assert await states.read() == {"ready": 1}
    assert await client.hkeys(KEY) == [b"two"]
    assert 0 < await client.ttl(KEY) <= 60


async def test_a_redis_that_is_away_stops_nobody() -> None:
    away = redis.Redis.from_url("redis://127.0.0.1:9/0", retry=Retry(NoBackoff(), 0))
    await TunnelStates(away).publish("one", [UP])
    await away.aclose()
