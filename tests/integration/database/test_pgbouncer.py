"""Behind a real PgBouncer in transaction mode, with fewer connections to the server than clients."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.engine import make_url

from moments_ray.database import schema
from moments_ray.database.session import Database
from moments_ray.errors import DatabaseUnavailable
from moments_ray.settings import DatabaseSettings
from tests.pgbouncer import pgbouncer

SERVER_CONNECTIONS = 3
CLIENTS = 40
BEHIND = DatabaseSettings(pgbouncer=True, connections=4)


@pytest.fixture
def bouncer(postgres_url: str) -> Iterator[Path]:
    """The directory of the socket of a PgBouncer before the session's server."""
    program = shutil.which("pgbouncer")
    if program is None:
        pytest.skip("there is no pgbouncer on PATH (Debian: apt install pgbouncer)")
    few = dict.fromkeys(("default_pool_size", "max_db_connections"), str(SERVER_CONNECTIONS))
    with pgbouncer(Path(str(make_url(postgres_url).query["host"])), program, **few) as directory:
        yield directory


@pytest.fixture
async def behind(database: Database, bouncer: Path) -> SecretStr:
    """The test's own database, as it is reached through PgBouncer."""
    name = database.engine.url.database
    url = SecretStr(f"postgresql://moments@/{name}?host={bouncer}&port=6432")
    first = Database.connect(url, BEHIND)
    async with asyncio.timeout(30):
        while True:
            try:
                await first.ping()
                break
            except (DatabaseUnavailable, FileNotFoundError):  # not yet
                assert "FATAL" not in (bouncer / "log").read_text("utf-8"), (bouncer / "log").read_text("utf-8")
                await asyncio.sleep(0.05)
    await first.close()
    return url


async def at_once(url: SecretStr, index: int) -> set[int]:
    """Do what a process does, over and over, and return the servers that did it."""
    database = Database.connect(url, BEHIND)
    seen = set()
    for turn in range(10):
        async with database.begin() as session:
            await session.execute(text("INSERT INTO written VALUES (:key, :value)"), {"key": index, "value": turn})
        row = await database.row(
            "INSERT INTO written VALUES ($1, $2) RETURNING value, pg_backend_pid() AS pid", index, 100 + turn
        )
        assert row is not None
        assert row["value"] == 100 + turn
        async with database.read() as session:
            found = await session.execute(
                text("SELECT count(*), pg_backend_pid() FROM written WHERE key = :key"), {"key": index}
            )
            count, pid = found.one()
        assert count == 2 * (turn + 1)
        seen |= {row["pid"], pid}
    await database.close()
    return seen


@pytest.mark.slow
async def test_many_processes_share_few_connections_and_none_meets_another_ones_statements(
    database: Database, behind: SecretStr
) -> None:
    async with database.begin() as session:
        await session.execute(text("CREATE TABLE written (key int, value int)"))
    servers = set().union(*await asyncio.gather(*(at_once(behind, index) for index in range(CLIENTS))))
    assert 1 < len(servers) <= SERVER_CONNECTIONS
    async with database.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM written")) == CLIENTS * 20


@pytest.mark.slow
async def test_the_schema_is_made_and_checked_through_it(behind: SecretStr) -> None:
    through = Database.connect(behind, BEHIND)
    await asyncio.gather(schema.upgrade(through), schema.upgrade(through))  # the lock holds for a transaction
    await schema.check_drift(through)
    await schema.require_head(through)
    await through.close()


@pytest.mark.slow
async def test_what_may_only_read_is_refused_every_write(database: Database, behind: SecretStr) -> None:
    async with database.begin() as session:
        await session.execute(text("CREATE TABLE written (key int)"))
    reader = Database.connect(behind, BEHIND, read_only=True)
    with pytest.raises(Exception, match="read-only transaction"):
        await reader.row("INSERT INTO written VALUES (1) RETURNING key")
    with pytest.raises(DatabaseUnavailable, match="read-only transaction"):
        async with reader.begin() as session:
            await session.execute(text("INSERT INTO written VALUES (1)"))
    async with reader.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM written")) == 0
    await reader.close()
