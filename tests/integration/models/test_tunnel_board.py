"""What every process tells of its tunnels is counted together, and forgotten when it falls silent."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import redis.asyncio as redis

from moments_ray.models.tunnel import TunnelState
from moments_ray.models.tunnel_board import KEY, TunnelBoard

UP, DOWN = TunnelState("a:22", "ready"), TunnelState("b:22", "down", "refused")


@pytest.fixture
async def client(each_redis_url: str) -> AsyncIterator[redis.Redis]:
    client = redis.Redis.from_url(each_redis_url)
    await client.delete(KEY)
    yield client
    await client.delete(KEY)
    await client.aclose()


async def test_states_of_all_holders_are_counted_and_silent_ones_forgotten(client: redis.Redis) -> None:
    board = TunnelBoard(client)
    assert await board.read() == {}
    await board.tell("one", [UP, DOWN])
    await board.tell("two", [UP])
    assert await board.read() == {"ready": 2, "down": 1}
    await client.hset(KEY, "one", json.dumps({"at": 0, "states": ["ready"]}))
    assert await board.read() == {"ready": 1}
    assert await client.hkeys(KEY) == [b"two"]
    assert 0 < await client.ttl(KEY) <= 60


async def test_a_redis_that_is_away_stops_nobody() -> None:
    away = redis.Redis.from_url("redis://127.0.0.1:9/0")
    await TunnelBoard(away).tell("one", [UP])
    await away.aclose()
