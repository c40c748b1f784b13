"""What a worker does with a run when it lets go of it: cleans up after its end, or hands it back."""

from __future__ import annotations

import asyncio
import shutil

import structlog
from redis.exceptions import RedisError

from moments_ray.database.tables import Run
from moments_ray.engine.environment import Environment
from moments_ray.engine.queries.claims import Claim, Claims, claim_of
from moments_ray.engine.queries.journal_reader import JournalReader
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.lease import Lease
from moments_ray.engine.runs.live_status import LiveStatus
from moments_ray.engine.runs.queue import Queue
from moments_ray.process import failpoint
from moments_ray.states import RunStatus

log = structlog.get_logger()


class RunRelease:
    """Lets go of runs: their locks, their entries in the stream, their files on this node."""

    def __init__(self, environment: Environment, queue: Queue, live: LiveStatus) -> None:
        self._environment = environment
        self._queue = queue
        self._live = live

    async def show_begun(self, run: Run) -> None:
        """Write the whole live status of a run that was just claimed."""
        if run.attempt > 1:
            await self.show(claim_of(run))
            return
        await self._live.whole(run, self._stage_names(run), {})  # no claim before this one began a stage

    async def show(self, claim: Claim) -> Run:
        """Write a run's whole live status from its journal, and return it."""
        async with self._environment.database.read() as session:
            run = await Runs(session).get(claim.run)
            stages = await JournalReader(session, claim.key).stages()
        await self._live.whole(run, self._stage_names(run), stages)
        return run

    def _stage_names(self, run: Run) -> tuple[str, ...]:
        return self._environment.registry.get(run.pipeline).stage_names

    async def end(self, lease: Lease) -> None:
        """Leave nothing of a finished run in Redis but history, and nothing on this node's disk.

        Where Redis does not take it, the run's message stays, and whoever takes that over comes by here again.
        """
        scratch = self._environment.settings.scratch / lease.claim.run
        if scratch.is_dir():
            await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)
        try:
            run = await self.show(lease.claim)
            await lease.release_lock()
            failpoint.hit(self._environment.settings, "run.unlocked")
            reason = (run.error or {}).get("code") if run.status == RunStatus.FAILED else None
            if reason and not await self._queue.dead_letter_ids(run.identifier):  # every message about it ends here
                await self._queue.dead_letter(run.identifier, str(reason), lease.message)
            elif lease.message is not None:
                await self._queue.acknowledge(lease.message)
        except RedisError as error:
            log.warning("run.cleanup_failed", run=lease.claim.run, error=str(error))

    async def hand_back(self, lease: Lease, *, notify: bool) -> None:
        """Queue a drained run again for another worker; a lost one is that worker's already."""
        async with self._environment.database.begin() as session:
            if not await Claims(session).hand_back(lease.claim):
                return
            run = await Runs(session).get(lease.claim.run)
        failpoint.hit(self._environment.settings, "run.handed_back")
        try:
            await lease.release_lock()
            if not notify:
                return  # it came without an entry, from a command that will be given again
            entry = await self._queue.enqueue(run)
            if lease.message is not None:
                await self._queue.acknowledge(lease.message)
            async with self._environment.database.begin() as session:
                await Runs(session).mark_notified(run.identifier, entry)
        except RedisError as error:
            log.warning("run.notify_failed", run=run.identifier, error=str(error))  # the sweeper enqueues it
