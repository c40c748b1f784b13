"""The sweeper: rings again for what nobody heard, and for runs whose worker fell silent."""

from __future__ import annotations

import asyncio
import shutil

import structlog

from moments_ray.database.session import Database
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.queries.webhooks import Webhooks
from moments_ray.engine.runs.queue import PRIORITIES, Queue
from moments_ray.process.metrics import DEAD_LETTERS, QUEUE_DEPTH, QUEUE_OLDEST, Meter, unmetered
from moments_ray.settings import Settings

log = structlog.get_logger()

_BATCH = 500
_SILENT_CONSUMER_MILLISECONDS = 24 * 3600 * 1000


class Sweeper:
    """Repairs the difference between PostgreSQL, the truth, and Redis, the bell."""

    def __init__(self, settings: Settings, database: Database, queue: Queue, meter: Meter = unmetered) -> None:
        self._settings = settings
        self._meter = meter
        self._database = database
        self._queue = queue

    async def sweep(self) -> int:
        """Ring for every run that waits unheard; return for how many."""
        async with self._database.begin() as session:
            runs = Runs(session)
            if not await runs.lock_sweep():
                return 0  # another worker sweeps
            waiting = await runs.unheard(self._settings.worker.unheard_seconds, _BATCH)
            standing = await self._queue.standing(waiting)
            silent = await runs.silent(self._settings.worker.lease_seconds, _BATCH)
            rung = 0
            for run in [*waiting, *silent]:
                if run.identifier in standing:
                    await runs.rung(run.identifier, run.message_id)
                    continue
                await runs.rung(run.identifier, await self._queue.ring(run))
                log.info("run.rung_again", run=run.identifier, status=run.status)
                rung += 1
            await Webhooks(session).forget_deleted()
        await self._queue.ensure_groups()  # Redis may have been wiped while every worker was busy
        await self._queue.forget_deleted()
        await self._queue.retire_silent(_SILENT_CONSUMER_MILLISECONDS)
        await self._sweep_scratch()
        return rung

    async def measure(self) -> None:
        """Tell how long the queue is; every worker does, or the last figures of one that sweeps no more would stand."""
        async with self._database.read() as session:
            depths, oldest = await Runs(session).queue_depths()
        for priority in PRIORITIES:
            self._meter(QUEUE_DEPTH, depths.get(priority, 0), priority=str(priority))
        self._meter(QUEUE_OLDEST, oldest)
        self._meter(DEAD_LETTERS, await self._queue.dead())

    async def _sweep_scratch(self) -> None:
        """Remove scratch directories of runs that are over; a crash leaves them behind."""
        if not self._settings.scratch.is_dir():
            return
        found = await asyncio.to_thread(lambda: list(self._settings.scratch.iterdir()))
        async with self._database.read() as session:
            active = await Runs(session).active_identifiers([directory.name for directory in found])
        for directory in found:
            if directory.name not in active:
                await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)
