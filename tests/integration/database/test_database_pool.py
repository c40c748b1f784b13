"""More at once than there are connections is an outage to be waited out, not a bug."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path

import asyncpg
import psutil
import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.pool import QueuePool

from moments_ray import runtime
from moments_ray.database.session import Database
from moments_ray.engine.execute.process import Process
from moments_ray.errors import DatabaseUnavailable
from moments_ray.settings import DatabaseSettings, Settings


async def test_whoever_finds_no_connection_free_is_told_to_come_again(postgres_url: str) -> None:
    database = Database.connect(SecretStr(postgres_url), DatabaseSettings(connections=2))
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(2):
            session = await stack.enter_async_context(database.read())
            await session.execute(text("SELECT 1"))
        with pytest.raises(DatabaseUnavailable) as told:
            await database.ping()
    assert told.value.retryable
    assert "in use" in told.value.message
    await database.close()


async def test_a_server_that_answers_nothing_counts_as_gone_and_its_connection_is_replaced(postgres_url: str) -> None:
    database = Database.connect(SecretStr(postgres_url), answer_seconds=0.5)
    async with database.read() as session:
        backend = await session.scalar(text("SELECT pg_backend_pid()"))
    os.kill(backend, signal.SIGSTOP)
    try:
        with pytest.raises(DatabaseUnavailable):
            await database.ping()
        await database.ping()
    finally:
        os.kill(backend, signal.SIGCONT)
    await database.close()


async def test_one_that_fails_fails_none_of_those_it_was_to_be_executed_together_with(database: Database) -> None:
    async with database.begin() as session:
        await session.execute(text("CREATE TABLE written (key int PRIMARY KEY, value int CHECK (value < 9))"))
    write = "INSERT INTO written VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING key AS asked"

    async def written(*pairs: tuple[int, int]) -> list[object]:
        asked = (database.row_together(write, *pair) for pair in pairs)
        found = await asyncio.gather(*asked, return_exceptions=True)
        return [row["asked"] if isinstance(row, asyncpg.Record) else row for row in found]

    assert await written((3, 1), (1, 1), (2, 1)) == [3, 1, 2]
    assert await written((1, 1), (4, 1)) == [None, 4]  # one was there
    five, six, seven = await written((5, 1), (6, 9), (7, 1))
    assert (five, type(six), seven) == (5, asyncpg.CheckViolationError, 7)
    transactions = await database.row("SELECT count(DISTINCT xmin::text) FROM written WHERE key < 4")
    assert transactions is not None
    assert transactions["count"] == 1


async def test_closing_waits_for_connections_that_are_just_being_closed(postgres_url: str) -> None:
    database = Database.connect(SecretStr(postgres_url), DatabaseSettings(idle_seconds=0.001))
    await database.ping()
    pool = database.engine.pool
    assert isinstance(pool, QueuePool)
    while pool.checkedin():
        await asyncio.sleep(0)
    await database.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_process_at_rest_holds_no_connection(database: Database) -> None:
    url = SecretStr(database.engine.url.render_as_string(hide_password=False))
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    resting = Database.connect(url, DatabaseSettings(idle_seconds=0.2))

    async def until(wanted: int) -> None:
        async with asyncio.timeout(30), database.read() as session:
            while await session.scalar(others) != wanted:
                await asyncio.sleep(0.05)

    async with resting.read() as first, resting.begin() as second:
        await first.execute(text("SELECT 1"))
        await second.execute(text("SELECT 1"))
        await until(2)
    await until(0)
    await resting.ping()  # and is well when it is needed again
    await until(0)
    await resting.close()


def test_a_process_whose_loop_stands_still_between_stages_holds_none_either(
    postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    settings = Settings(
        _env_file=None,
        home=tmp_path,
        database_url=SecretStr(postgres_url),
        redis_url=SecretStr(redis_url),
        database=DatabaseSettings(idle_seconds=0.2),
    )
    here = Process(runtime.connect, settings)
    pid = here.run(_backend(here.environment.database))
    deadline = time.monotonic() + 30
    while psutil.pid_exists(pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert here.run(_backend(here.environment.database)) != pid
    here.run(here.environment.close())
    assert here._idle is not None
    here._idle.cancel()
    here._runner.close()  # a process of Ray keeps its loop until it dies; this one has other tests to run


async def _backend(database: Database) -> int:
    async with database.read() as session:
        pid: int = await session.scalar(text("SELECT pg_backend_pid()"))
    return pid
