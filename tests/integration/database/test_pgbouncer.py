"""Behind a real PgBouncer in transaction mode, with fewer connections to the server than clients."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Iterator
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
NODES, PROCESSES = 50, 16  # of each node
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
    return await through(database, bouncer)


async def through(database: Database, bouncer: Path) -> SecretStr:
    """Return a database's address behind a PgBouncer, once that answers."""
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
        same = "SELECT $1::int AS asked, $2::int AS value"
        together = await asyncio.gather(*(database.row_together(same, key, index) for key in range(3)))
        assert [(each and tuple(each.values())) for each in together] == [(key, index) for key in range(3)]
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


@pytest.mark.slow
async def test_the_processes_of_fifty_nodes_are_within_a_hundred_connections_and_hold_none_at_rest(
    database: Database, postgres_url: str, tell: Callable[[str], None]
) -> None:
    program = shutil.which("pgbouncer")
    if program is None:
        pytest.skip("there is no pgbouncer on PATH (Debian: apt install pgbouncer)")
    most, done = 0, asyncio.Event()

    async def watch() -> None:
        nonlocal most
        while not done.is_set():
            most = max(most, await server_connections(database))
            await asyncio.sleep(0.1)

    with pgbouncer(Path(str(make_url(postgres_url).query["host"])), program) as directory:  # as the repository has it
        url = await through(database, directory)
        processes = [Database.connect(url, BEHIND) for _ in range(NODES * PROCESSES)]
        watching = asyncio.create_task(watch())
        began = time.monotonic()
        await asyncio.gather(*(process.ping() for process in processes))
        seconds = time.monotonic() - began
        done.set()
        await watching
        held = clients(directory)
        await asyncio.gather(*(process.rest() for process in processes))
        async with asyncio.timeout(60):
            while clients(directory) > 0:
                await asyncio.sleep(0.1)
        await asyncio.gather(*(process.close() for process in processes))
    tell(
        f"{len(processes)} processes asked at once: {seconds:.1f} s, at most {most} server connections, {held} clients"
    )
    assert most <= 100
    assert held == len(processes)


async def server_connections(database: Database) -> int:
    """Return how many of the test's database PostgreSQL has, but for the one that asks."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    async with database.read() as session:
        return int(await session.scalar(text(query)) or 0)


def clients(directory: Path) -> int:
    """Return how many connections a PgBouncer's socket has, by the kernel, but the one it listens on."""
    listed = Path("/proc/net/unix").read_text("utf-8").splitlines()
    return sum(line.endswith(f" {directory}/.s.PGSQL.6432") for line in listed) - 1
