"""The embedded servers as their clients meet them: configured, shared, let go."""

from __future__ import annotations

import asyncio
from pathlib import Path

from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from moments_ray.embedded.postgres import PostgresServer
from moments_ray.embedded.services import Services, embedded_services
from tests.integration.embedded.homes import (
    answers,
    client_process,
    kill,
    processes,
    servers,
    settings_of,
    supervisors,
    until,
)


async def test_asyncpg_and_sqlalchemy_reach_a_utf8_database_and_redis_appends_and_opens_no_port(
    used_home: Path,
) -> None:
    async with embedded_services(settings_of(used_home)) as services:
        engine = create_async_engine(make_url(services.database_url).set(drivername="postgresql+asyncpg"))
        async with engine.connect() as connection:
            query = (
                "SELECT current_database(), current_setting('server_encoding'), current_setting('fsync'), "
                "current_setting('synchronous_commit'), current_setting('listen_addresses'), datlocale "
                "FROM pg_database WHERE datname = current_database()"
            )
            row = (await connection.execute(text(query))).one()
        await engine.dispose()
        client = Redis.from_url(services.redis_url, decode_responses=True)
        configuration = await client.config_get("*")
        await client.aclose()
    assert tuple(row) == ("vision_ai", "UTF8", "on", "on", "", "C.UTF-8")
    assert configuration["appendonly"] == "yes"
    assert configuration["appendfsync"] == "everysec"
    assert configuration["port"] == "0"


async def test_only_what_the_settings_leave_unset_is_started(home: Path) -> None:
    elsewhere = "postgresql://user:secret@elsewhere.example/db"
    async with embedded_services(settings_of(home, database_url=elsewhere)) as services:
        assert services.database_url == elsewhere
        assert services.redis_url.startswith("unix://")
        assert "secret" not in repr(services)
        assert not PostgresServer(home).files.data.exists()


async def test_nothing_is_made_when_both_urls_are_given(home: Path) -> None:
    inside = home / "inside"
    given = settings_of(inside, redis_url="redis://a", database_url="postgresql://b/c")
    async with embedded_services(given) as services:
        assert services == Services("postgresql://b/c", "redis://a")
        assert not inside.exists()


async def test_two_processes_share_one_set_and_the_last_to_leave_stops_it(used_home: Path) -> None:
    async with client_process(used_home) as other:
        async with embedded_services(settings_of(used_home)) as services:
            assert other.urls == [services.database_url, services.redis_url]
            before = [processes(server)[0] for server in servers(used_home)]
        await asyncio.sleep(3)  # longer than the grace period: the other still uses them
        assert [processes(server)[0] for server in servers(used_home)] == before
        other.process.kill()
        await until(lambda: not any(processes(server) for server in servers(used_home)))


async def test_many_clients_at_once_start_one_set(used_home: Path) -> None:
    async def use() -> None:
        async with embedded_services(settings_of(used_home)) as services:
            assert await answers(services)

    await asyncio.gather(*(use() for _ in range(8)))
    assert [len(supervisors(server)) for server in servers(used_home)] == [1, 1]


async def test_a_client_killed_in_the_middle_of_initdb_leaves_nothing_that_stops_the_next(home: Path) -> None:
    async with client_process(home, wait=False) as client:
        await until(lambda: any((home / "postgres").glob("data.new-*/PG_VERSION")))
        kill(supervisors(PostgresServer(home)))
        client.process.kill()
        await client.process.wait()
    await until(lambda: not any(supervisors(server) or processes(server) for server in servers(home)))
    assert not (home / "postgres" / "data").exists()
    async with embedded_services(settings_of(home)) as services:
        assert await answers(services)
    assert not any((home / "postgres").glob("data.new-*"))
