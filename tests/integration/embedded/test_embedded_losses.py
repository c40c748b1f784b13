"""The embedded servers killed, orphaned, damaged and found in ruins keep their data."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from redis.asyncio import Redis

from moments_ray.embedded.postgres import PostgresServer
from moments_ray.embedded.redis import RedisServer
from moments_ray.embedded.server import Server
from moments_ray.embedded.services import embedded_services
from tests.integration.embedded.homes import (
    client_process,
    kill,
    processes,
    read,
    renewed,
    servers,
    settings_of,
    stop,
    supervisors,
    until,
    until_answered,
)

# The supervisor as it is where the kernel does not stop a server whose supervisor was killed.
SUPERVISOR_ELSEWHERE = """
import sys
from pathlib import Path
from moments_ray.process import operating_system
operating_system.SYSTEM = operating_system.Unix()
from moments_ray.embedded import supervisor
sys.exit(supervisor.main(Path(sys.argv[1]), sys.argv[2]))
"""


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
