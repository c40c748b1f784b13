"""Behind a real PgBouncer in transaction mode, with fewer connections to the server than clients."""

from __future__ import annotations

import asyncio
import configparser
import io
import os
import shutil
import subprocess
import uuid
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

SERVER_CONNECTIONS = 3
CLIENTS = 40
BEHIND = DatabaseSettings(pgbouncer=True, connections=4)
CONFIG = Path(__file__).parents[3] / "deploy" / "pgbouncer.ini"


def config(server: Path, directory: Path) -> str:
    """Return the repository's configuration with what a test has of its own: sockets, a trusted user, few servers."""
    found = configparser.ConfigParser(comment_prefixes=";")
    found.read(CONFIG, "utf-8")
    found["databases"] = {"*": f"host={server} port=5432 user=moments"}
    found["pgbouncer"].update(
        {
            "listen_addr": "",
            "unix_socket_dir": str(directory),
            "auth_type": "any",
            "auth_file": "",
            **dict.fromkeys(("default_pool_size", "max_db_connections"), str(SERVER_CONNECTIONS)),
        }
    )
    text = io.StringIO()
    found.write(text)
    return text.getvalue()


@pytest.fixture
def pgbouncer(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The directory of the socket of a PgBouncer before the session's server."""
    program = shutil.which("pgbouncer")
    if program is None:
        pytest.skip("there is no pgbouncer on PATH (Debian: apt install pgbouncer)")
    sockets = Path(str(make_url(postgres_url).query["host"]))
    directory = Path("/tmp") / f"bouncer-{uuid.uuid4().hex[:8]}"  # a socket's path is short
    directory.mkdir(mode=0o755)
    file = directory / "pgbouncer.ini"
    file.write_text(config(sockets, directory), "utf-8")
    owner: list[str] = []
    if os.geteuid() == 0:  # it refuses to run as root; the server's own account reaches the server's socket
        account = (sockets / ".s.PGSQL.5432").stat()
        os.chown(directory, account.st_uid, account.st_gid)
        owner = ["setpriv", f"--reuid={account.st_uid}", f"--regid={account.st_gid}", "--clear-groups", "--"]
    log = directory / "log"
    with log.open("wb") as out, subprocess.Popen([*owner, program, str(file)], stdout=out, stderr=out) as process:
        try:
            yield directory
        finally:
            process.terminate()
    shutil.rmtree(directory)


@pytest.fixture
async def behind(database: Database, pgbouncer: Path) -> SecretStr:
    """The test's own database, as it is reached through PgBouncer."""
    name = database.engine.url.database
    url = SecretStr(f"postgresql://moments@/{name}?host={pgbouncer}&port=6432")
    first = Database.connect(url, BEHIND)
    async with asyncio.timeout(30):
        while True:
            try:
                await first.ping()
                break
            except (DatabaseUnavailable, FileNotFoundError):  # not yet
                assert "FATAL" not in (pgbouncer / "log").read_text("utf-8"), (pgbouncer / "log").read_text("utf-8")
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
