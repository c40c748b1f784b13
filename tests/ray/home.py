"""Commands given as real processes, and all the processes that work for them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from pydantic import SecretStr

from moments_ray.database.session import Database
from moments_ray.embedded.postgres import PostgresServer


class Home:
    """A ``MOMENTS_HOME`` of its own in which `moments run` is given as a shell gives it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._commands: list[asyncio.subprocess.Process] = []

    async def run(self, *arguments: str | Path) -> asyncio.subprocess.Process:
        """Give the command ``moments run ARGUMENTS``."""
        program = "from moments_ray.cli import main; main()"
        command = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", program, "run", *(str(argument) for argument in arguments)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "MOMENTS_HOME": str(self.path)},
            cwd=self.path,
        )
        self._commands.append(command)
        return command

    async def end(self) -> None:
        """End what a test that failed left running."""
        kill(self.processes())
        for command in self._commands:
            await command.communicate()

    def processes(self) -> dict[int, str]:
        """The living processes that work for this home, with their titles."""
        found = {}
        mine = f"MOMENTS_HOME={self.path}".encode()
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                with contextlib.suppress(OSError):  # ended meanwhile
                    title = (entry / "cmdline").read_bytes()
                    words = [*(entry / "environ").read_bytes().split(b"\0"), *title.split(b"\0")]
                    server = (entry / "cwd").readlink().is_relative_to(self.path)  # it has no environment of ours
                    if title and (server or {mine, str(self.path).encode()} & set(words)):
                        found[int(entry.name)] = title.replace(b"\0", b" ").decode()
        return found

    def named(self, *parts: str) -> list[int]:
        """Those whose title holds all the parts."""
        return [pid for pid, title in self.processes().items() if all(part in title for part in parts)]

    async def gone(self, seconds: float = 30.0) -> None:
        """Wait for the end of all of them."""
        deadline = time.monotonic() + seconds
        while left := self.processes():
            assert time.monotonic() < deadline, left
            await asyncio.sleep(0.1)

    @contextlib.asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """Look into the database of the running command, which alone keeps the server up."""
        database = Database.connect(SecretStr(PostgresServer(self.path).url))
        try:
            yield database
        finally:
            await database.close()


def kill(processes: Iterable[int]) -> None:
    """Kill processes; those that ended meanwhile are as good as killed."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
