"""Homes whose servers a test starts, counts, kills, reads and writes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from moments_ray.embedded.orphans import working_in
from moments_ray.embedded.postgres import PostgresServer
from moments_ray.embedded.redis import RedisServer
from moments_ray.embedded.server import Server
from moments_ray.embedded.services import Services
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
        client = Redis.from_url(services.redis_url, retry=Retry(NoBackoff(), 0))
        await client.ping()
        await client.aclose()
    except (OSError, asyncpg.PostgresError, RedisError):
        return False
    return True
