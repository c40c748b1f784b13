"""The sweeper: enqueues again what no worker took, and runs whose worker's heartbeat is stale."""

from __future__ import annotations

import structlog

from moments_ray import __version__
from moments_ray.database.session import Database
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.queries.sweeps import Sweeps
from moments_ray.engine.queries.webhooks import Webhooks
from moments_ray.engine.runs.queue import PRIORITIES, Queue
from moments_ray.engine.scratch import sweep_scratch
from moments_ray.process.metrics import DEAD_LETTERS, INFO, QUEUE_DEPTH, QUEUE_OLDEST, Meter, unmetered
from moments_ray.settings import Settings

log = structlog.get_logger()

_BATCH = 500
_SILENT_CONSUMER_MILLISECONDS = 24 * 3600 * 1000


class Sweeper:
    """Repairs the difference between PostgreSQL, the truth, and Redis, which notifies."""

    def __init__(self, settings: Settings, database: Database, queue: Queue, meter: Meter = unmetered) -> None:
        self._settings = settings
        self._meter = meter
        self._database = database
        self._queue = queue

    async def sweep(self) -> int:
        """Enqueue every run that waits unclaimed again; return how many."""
        async with self._database.begin() as session:
            runs, sweeps = Runs(session), Sweeps(session)
            if not await sweeps.lock():
                return 0  # another worker sweeps
            waiting = await sweeps.unclaimed(self._settings.worker.unclaimed_seconds, _BATCH)
            standing = await self._queue.standing(waiting)
            stale = await sweeps.stale(self._settings.worker.lease_seconds, _BATCH)
            enqueued = 0
            for run in [*waiting, *stale]:
                if run.identifier in standing:
                    await runs.mark_notified(run.identifier, run.message_id)
                    continue
                await runs.mark_notified(run.identifier, await self._queue.enqueue(run))
                log.info("run.enqueued_again", run=run.identifier, status=run.status)
                enqueued += 1
            await Webhooks(session).forget_deleted()
        await self._queue.ensure_groups()  # Redis may have been wiped while every worker was busy
        await self._queue.forget_deleted()
        await self._queue.retire_idle(_SILENT_CONSUMER_MILLISECONDS)
        await sweep_scratch(self._settings.scratch, self._database)
        return enqueued

    async def measure(self) -> int:
        """Tell how long the queue is, and return it.

        Every worker does, or the last figures of one that sweeps no more would stand.
        """
        async with self._database.read() as session:
            depths, oldest = await Sweeps(session).queue_depths()
        self._meter(INFO, 1, version=__version__, environment=self._settings.environment)
        for priority in PRIORITIES:
            self._meter(QUEUE_DEPTH, depths.get(priority, 0), priority=str(priority))
        self._meter(QUEUE_OLDEST, oldest)
        self._meter(DEAD_LETTERS, await self._queue.dead_letter_count())
        return sum(depths.values())
