"""Ours and the peers behind one face: jobs that do nothing are created, worked on, counted and forgotten."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import asyncpg

from benchmarks.job_nothing import NOTHING, NothingRequest
from benchmarks.peer_programs import PeerPrograms
from moments_ray import runtime
from moments_ray.engine.runs.actor import keep_listening, start_worker
from moments_ray.settings import Settings


@dataclass(frozen=True)
class Completed:
    """How many jobs are completed, and the seconds from the first one's end to the last one's."""

    count: int
    seconds: float


class System(Protocol):
    """What is measured of each."""

    name: str

    async def create(self, count: int, seconds: float) -> float:
        """Create jobs and return the seconds that it took."""

    async def serve(self) -> None:
        """Begin to work."""

    async def kill(self) -> None:
        """Kill what works with SIGKILL; begin to work again as an operator would."""

    async def stop(self) -> None:
        """Stop working."""

    async def completed(self) -> Completed:
        """Say what is done."""

    async def forget(self) -> None:
        """Have no jobs."""


class Peer:
    """A peer: its rows are in a database of its own."""

    def __init__(self, name: str, programs: PeerPrograms, at_once: int) -> None:
        self.name = name
        self._programs = programs
        self._at_once = at_once
        self._serving: subprocess.Popen[str] | None = None
        own = "procrastinate_events WHERE type = 'succeeded'"
        self._done = ("at", own) if name == "procrastinate" else ("completed_at", "jobs WHERE completed_at IS NOT NULL")
        self._table = "procrastinate_jobs" if name == "procrastinate" else "jobs"

    async def create(self, count: int, seconds: float) -> float:
        """Create jobs by the peer's own program."""
        said = await asyncio.to_thread(self._programs.run, self.name, "create", count, seconds, self._at_once)
        return float(said)

    async def serve(self) -> None:
        """Start its worker."""
        self._serving = self._programs.serve(self.name, self._at_once)

    async def kill(self) -> None:
        """Kill its worker with all its processes, and start another."""
        await self.stop()
        await self.serve()

    async def stop(self) -> None:
        """Kill its worker: nothing is left to do, or that is what is asked."""
        assert self._serving is not None  # noqa: S101 - it serves
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._serving.pid, signal.SIGKILL)
        self._serving.wait()

    async def completed(self) -> Completed:
        """Look into its rows."""
        at, rows = self._done
        return await _completed(self._programs.database_url(self.name), at, rows)

    async def forget(self) -> None:
        """Delete its rows."""
        await _execute(self._programs.database_url(self.name), f"TRUNCATE {self._table} CASCADE")


class Ours:
    """The engine, with a worker on a Ray of its own."""

    name = "moments_ray"

    def __init__(self, settings: Settings, notes: Path) -> None:
        assert settings.database_url is not None  # noqa: S101 - its services run
        self._settings = settings
        self._url = settings.database_url.get_secret_value()
        self._notes = notes
        self._worker: Any = None
        self._listening: asyncio.Task[None] | None = None
        self._workers = 0

    async def create(self, count: int, seconds: float) -> float:
        """Create jobs as the API does, without HTTP."""
        environment = runtime.connect(self._settings)
        service = runtime.run_service(environment)
        notes = str(self._notes) if seconds else ""
        left = iter(range(count))

        async def some() -> None:
            for job in left:
                await service.start(NOTHING, NothingRequest(job=job, seconds=seconds, notes=notes))

        began = time.perf_counter()
        await asyncio.gather(*(some() for _ in range(self._settings.worker.runs_at_once)))
        spent = time.perf_counter() - began
        await environment.close()
        return spent

    async def serve(self) -> None:
        """Start a worker."""
        self._workers += 1
        name = f"bench{self._workers}"
        self._worker = start_worker(runtime.connect, self._settings, runtime.open_redis, name=name, detached=False)
        self._listening = asyncio.create_task(keep_listening(self._worker))

    async def kill(self) -> None:
        """Kill the worker; Ray starts it again."""
        os.kill(await self._worker.__ray_call__.remote(lambda _: os.getpid()), signal.SIGKILL)

    async def stop(self) -> None:
        """Have the worker end."""
        assert self._listening is not None  # noqa: S101 - it serves
        await self._worker.drain.remote()
        await self._listening

    async def completed(self) -> Completed:
        """Look into the rows of runs."""
        return await _completed(self._url, "completed_at", f"runs WHERE pipeline = '{NOTHING.name}' AND {_ENDED}")

    async def forget(self) -> None:
        """Delete the rows of runs."""
        await _execute(self._url, f"DELETE FROM runs WHERE pipeline = '{NOTHING.name}'")  # noqa: S608 - ours


_ENDED = "status = 'completed'"


async def _completed(url: str, at: str, rows: str) -> Completed:
    connection = await asyncpg.connect(url)
    try:
        query = f"SELECT count(*), extract(epoch FROM max({at}) - min({at})) FROM {rows}"  # noqa: S608 - ours
        count, seconds = (await connection.fetch(query))[0]
    except asyncpg.UndefinedTableError:
        return Completed(0, 0.0)
    finally:
        await connection.close()
    return Completed(int(count), float(seconds or 0.0))


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
