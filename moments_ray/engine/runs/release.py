"""What a worker does with a run when it lets go of it: cleans up after its end, or hands it back."""

from __future__ import annotations

import asyncio
import contextlib
import shutil

import structlog
from redis.exceptions import RedisError

from moments_ray.database.tables import Run, RunStage
from moments_ray.engine.environment import Environment
from moments_ray.engine.queries.claims import Claim, Claims, NewClaim
from moments_ray.engine.queries.journal_reader import ShownRun, shown_run
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.queries.submission import mark_notified
from moments_ray.engine.runs.lease import Lease, LockChange
from moments_ray.engine.runs.live_status import LiveStatus
from moments_ray.engine.runs.queue import Message, Queue
from moments_ray.errors import NotFound
from moments_ray.process import failpoint
from moments_ray.states import RunStatus, StageStatus

log = structlog.get_logger()


class RunRelease:
    """Lets go of runs: their locks, their entries in the stream, their files on this node."""

    def __init__(self, environment: Environment, queue: Queue, live: LiveStatus) -> None:
        self._environment = environment
        self._queue = queue
        self._live = live

    async def show_begun(self, claim: NewClaim, lease: Lease) -> None:
        """Take the lock of a run that was just claimed, and write its whole live status.

        Where Redis does not take it, the heartbeat does so later.
        """
        run, begun = claim
        stages = {}  # no claim before the first one began any
        if begun is not None:
            stages[begun] = RunStage(status=StageStatus.PROCESSING, progress=0.0, started_at=run.started_at)
        with contextlib.suppress(RedisError):
            if run.attempt > 1:
                await self.show(lease.claim, lock=lease.taking)
            else:
                await self._live.whole(run, self._stage_names(run), stages, lock=lease.taking, changed=begun)

    async def show(self, claim: Claim, *, lock: LockChange | None = None) -> Run:
        """Write a run's whole live status from its journal, and return it."""
        return await self._show(await shown_run(self._environment.database.row, claim), lock)

    async def _show(self, shown: ShownRun, lock: LockChange | None, acknowledge: Message | None = None) -> Run:
        names, changed = self._stage_names(shown.run), shown.ended_by
        await self._live.whole(shown.run, names, shown.stages, lock=lock, changed=changed, acknowledge=acknowledge)
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
            run = shown.run
            reason = (run.error or {}).get("code") if run.status == RunStatus.FAILED else None
            await self._show(shown, lease.releasing, None if reason else lease.message)
            failpoint.hit(self._environment.settings, "run.unlocked")
            if reason and not await self._queue.dead_letter_ids(run.identifier):  # every message about it ends here
                await self._queue.dead_letter(run.identifier, str(reason), lease.message)
            elif reason and lease.message is not None:
                await self._queue.acknowledge(lease.message)
        except RedisError as error:
            log.warning("run.cleanup_failed", run=lease.claim.run, error=str(error))

    async def hand_back(self, lease: Lease, *, notify: bool) -> None:
        """Queue a drained run again for another worker; a lost one is that worker's already."""
        async with self._environment.database.begin() as session:
            ours = await Claims(session).hand_back(lease.claim)
            run = await Runs(session).get(lease.claim.run) if ours else None
        if run is None:
            await self._end_if_over(lease)
            return
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

    async def _end_if_over(self, lease: Lease) -> None:
        """Let go of a run that came to its end under this claim while its worker was told to stop."""
        try:
            shown = await shown_run(self._environment.database.row, lease.claim)
        except NotFound:
            return
        if shown.run.attempt == lease.claim.attempt and RunStatus(shown.run.status).finished:
            await self.end(lease, shown)
