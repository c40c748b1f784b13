"""The registry on a real PostgreSQL and a real Redis: what is changed stays changed, whatever Redis forgets."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest
import redis.asyncio as redis
from pydantic import SecretStr
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from sqlalchemy import text
from sqlalchemy.engine import make_url

from moments_ray.database import schema
from moments_ray.database.session import Database
from moments_ray.errors import Conflict, InvalidRequest, NotFound, RedisUnavailable
from moments_ray.models.entry import DEFAULTS
from moments_ray.models.registry import KEYS, ModelRegistry, hash_key


@pytest.fixture(scope="module")
def models_url(postgres_url: str) -> SecretStr:
    """A database of this module's own, which goes with the session's server."""

    async def make() -> SecretStr:
        server = Database.connect(SecretStr(postgres_url))
        name = f"models_{uuid.uuid4().hex[:12]}"
        async with server.engine.connect() as connection:
            outside = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await outside.execute(text(f"CREATE DATABASE {name}"))
        await server.close()
        url = SecretStr(make_url(postgres_url).set(database=name).render_as_string(hide_password=False))
        database = Database.connect(url)
        await schema.upgrade(database)
        await database.close()
        return url

    return asyncio.run(make())


@pytest.fixture
async def database(models_url: SecretStr) -> AsyncIterator[Database]:
    database = Database.connect(models_url)
    async with database.begin() as session:
        await session.execute(text("TRUNCATE model_entries"))
    yield database
    await database.close()


@pytest.fixture
async def client(each_redis_url: str) -> AsyncIterator[redis.Redis]:
    client = redis.Redis.from_url(each_redis_url)
    await client.flushall()
    yield client
    await client.flushall()
    await client.aclose()


@pytest.fixture
def registry(database: Database, client: redis.Redis) -> ModelRegistry:
    return ModelRegistry(database, client)


async def test_an_empty_redis_is_seeded_from_the_code(registry: ModelRegistry, client: redis.Redis) -> None:
    assert set(await registry.entries()) == {entry.key for entry in DEFAULTS}
    assert await client.smembers(KEYS) == {entry.key.encode() for entry in DEFAULTS}
    qwen = await client.hgetall(hash_key("qwen3_vl_fp8"))
    assert (qwen[b"supports_video"], qwen[b"ssh_host"], qwen[b"remote_port"]) == (b"true", b"", b"8010")


async def test_changes_survive_a_wiped_and_a_broken_redis(registry: ModelRegistry, client: redis.Redis) -> None:
    await registry.patch("minimax", {"base_url": "http://10.0.0.7:7104"})
    await registry.put("mine", {"kind": "llm", "base_url": "http://10.0.0.8:1", "supports_video": True})
    await registry.put("theirs", {"kind": "llm"})
    await registry.delete("theirs")
    expected = await registry.entries()
    assert expected["minimax"].configured
    assert "theirs" not in expected
    await client.flushall()
    assert await registry.entries() == expected
    await client.delete(hash_key("mine"))
    assert await registry.entries() == expected
    await client.hset(hash_key("mine"), "temperature", "very")
    assert await registry.entries() == expected
    assert await registry.get("mine") == expected["mine"]


async def test_a_deleted_model_is_gone_from_redis_too(registry: ModelRegistry, client: redis.Redis) -> None:
    await registry.put("mine", {"kind": "llm"})
    assert await registry.delete("mine") is None
    assert not await client.exists(hash_key("mine"))
    with pytest.raises(NotFound):
        await registry.patch("mine", {"model": "m"})
    with pytest.raises(NotFound):
        await registry.delete("mine")


async def test_a_default_that_is_deleted_is_a_default_again(registry: ModelRegistry) -> None:
    before = await registry.get("minimax")
    await registry.patch("minimax", {"base_url": "http://10.0.0.7:7104", "top_k": 7})
    assert await registry.delete("minimax") == before
    assert await registry.get("minimax") == before


async def test_embedded_models_cannot_be_changed_and_nobody_else_can_be_embedded(registry: ModelRegistry) -> None:
    for change in (registry.put("local", {"kind": "llm"}), registry.patch("local", {}), registry.delete("captions")):
        with pytest.raises(Conflict, match="part of the product"):
            await change
    with pytest.raises(InvalidRequest, match="embedded"):
        await registry.put("mine", {"kind": "llm", "embedded": True})


@pytest.mark.parametrize("key", ["_keys", "a b", "", "x" * 65, "a:b", "A"])
async def test_a_key_that_could_mean_another_key_of_redis_is_refused(registry: ModelRegistry, key: str) -> None:
    with pytest.raises(InvalidRequest):
        await registry.put(key, {"kind": "llm"})


async def test_changes_made_at_once_are_all_kept(registry: ModelRegistry) -> None:
    await asyncio.gather(
        *(registry.put(f"m{n}", {"kind": "llm", "base_url": f"http://h:{n + 1}"}) for n in range(8)),
        *(registry.patch("minimax", fields) for fields in ({"top_k": 7}, {"top_p": 0.5}, {"model": "x"})),
    )
    entries = await registry.entries()
    assert {f"m{n}" for n in range(8)} <= entries.keys()
    minimax = entries["minimax"]
    assert (minimax.top_k, minimax.top_p, minimax.model) == (7, 0.5, "x")


async def test_without_redis_models_are_read_from_postgresql_and_a_change_says_that_it_was_not_told(
    database: Database,
) -> None:
    nowhere = redis.Redis(host="127.0.0.1", port=1, retry=Retry(NoBackoff(), 0))
    alone = ModelRegistry(database, nowhere)
    with pytest.raises(RedisUnavailable, match="once more"):
        await alone.patch("minimax", {"base_url": "http://h:1"})
    assert (await alone.entries())["minimax"].configured
    await nowhere.aclose()
