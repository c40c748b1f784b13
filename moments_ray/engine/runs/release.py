"""What a worker does with a run when it lets go of it: cleans up after its end, or hands it back."""

from __future__ import annotations

import asyncio
import shutil

import structlog
from redis.exceptions import RedisError

from moments_ray.database.tables import Run
from moments_ray.engine.environment import Environment
from moments_ray.engine.queries.claims import Claim, Claims
from moments_ray.engine.queries.journal_reader import ShownRun, shown_run
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.queries.submission import mark_notified
from moments_ray.engine.runs.lease import Lease, LockChange
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

    async def show_begun(self, run: Run, lease: Lease) -> None:
        """Take the lock of a run that was just claimed, and write its whole live status."""
        if run.attempt > 1:
            await self.show(lease.claim, lock=lease.taking)
            return
        names = self._stage_names(run)  # no claim before this one began a stage
        await self._live.whole(run, names, {}, lock=lease.taking)

    async def show(self, claim: Claim, *, lock: LockChange | None = None) -> Run:
        """Write a run's whole live status from its journal, and return it."""
        return await self._show(await shown_run(self._environment.database.row, claim), lock)

    async def _show(self, shown: ShownRun, lock: LockChange | None) -> Run:
        await self._live.whole(shown.run, self._stage_names(shown.run), shown.stages, lock=lock)
        return shown.run

    def _stage_names(self, run: Run) -> tuple[str, ...]:
        return self._environment.registry.get(run.pipeline).stage_names

    async def end(self, lease: Lease, shown: ShownRun | None = None) -> None:
        """Leave nothing of a finished run in Redis but history, and nothing on this node's disk.

        ``shown`` is how it stands, where that is known.

        Where Redis does not take it, the run's message stays, and whoever takes that over comes by here again.
        """
        scratch = self._environment.settings.scratch / lease.claim.run
        if scratch.is_dir():
            await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)
        try:
            shown = shown or await shown_run(self._environment.database.row, lease.claim)
            run = await self._show(shown, lease.releasing)
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
            await mark_notified(self._environment.database.row, run.identifier, entry)
        except RedisError as error:
            log.warning("run.notify_failed", run=run.identifier, error=str(error))  # the sweeper enqueues it
