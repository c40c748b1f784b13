"""Driving one claimed run: its stages in order, tries by one policy, until it has a verdict or is somebody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import Enum
from typing import Any

import structlog

from moments_ray.database.tables import Run
from moments_ray.engine.environment import Connect, Environment
from moments_ray.engine.execute.capacity import await_capacity
from moments_ray.engine.execute.claimed_run import ClaimedRun
from moments_ray.engine.execute.rows_at_work import await_rows
from moments_ray.engine.execute.task import Task
from moments_ray.engine.execute.worker_task import WorkerTask, waits_only
from moments_ray.engine.pipeline import Unit, names_of
from moments_ray.engine.queries.claims import seconds_to_deadline
from moments_ray.engine.queries.journal import Verdict
from moments_ray.engine.queries.journal_reader import ShownRun, first_snapshot
from moments_ray.engine.queries.references import interrupted
from moments_ray.engine.runs.cleanup import clean_up_run
from moments_ray.engine.runs.lease import Lease
from moments_ray.engine.runs.tries import Tries
from moments_ray.errors import (
    LeaseLost,
    MomentsError,
    NodeLost,
    RunCancelled,
    RunPoisoned,
    ServiceUnavailable,
    StageCrashed,
)
from moments_ray.process import failpoint
from moments_ray.states import RunStatus, StageStatus

log = structlog.get_logger()


class StopReason(Enum):
    """Why a drive ends before its run does."""

    CANCEL = "a person asked"
    LOST = "another worker owns the run"
    DEADLINE = "the run took longer than it may"
    DRAIN = "this worker is going down and has no time left"


class RunExecution:
    """One run on its way through one worker."""

    def __init__(
        self, environment: Environment, connect: Connect, lease: Lease, run: Run, begun: str | None = None
    ) -> None:
        self.lease = lease
        self._environment = environment
        self._connect = connect
        self._run = run
        self._begun = begun  # the stage whose try began with the claim
        self._draining = False
        self._claimed: ClaimedRun | None = None
        self._tries = Tries(environment, run)
        self.shown: ShownRun | None = None  # as it stands after its verdict, where that is known
        self._stop: asyncio.Future[StopReason] = asyncio.get_running_loop().create_future()

    def drain(self) -> None:
        """End before the next stage, so that another worker takes the run from there."""
        self._draining = True

    def stop(self, reason: StopReason) -> None:
        """Stop what runs; the first reason counts."""
        if not self._stop.done():
            self._stop.set_result(reason)

    async def run(self) -> RunStatus | None:
        """Bring the run to its verdict and return it; None when it ended without one, drained or lost."""
        deadline = await self._watch_deadline()
        try:
            return await self._stages()
        except LeaseLost:
            log.info("run.lost", run=self.lease.claim.run)
            return None
        finally:
            if deadline is not None:
                deadline.cancel()

    async def _watch_deadline(self) -> asyncio.TimerHandle | None:
        if self._run.deadline_at is None:
            return None
        left = await seconds_to_deadline(self._environment.database.row, self._run.id)
        return asyncio.get_running_loop().call_later(max(0.0, left), self.stop, StopReason.DEADLINE)

    async def _stages(self) -> RunStatus | None:
        if self._run.attempt == 1:
            claimed = ClaimedRun(self._environment, first_snapshot(self._run, self._begun))
        else:
            claimed = await self._load()
        self._claimed = claimed
        limit = self._environment.settings.worker.max_crashes
        if self._run.crash_count >= limit:
            return await self._fail(RunPoisoned(f"The run crashed its worker {limit} times without making progress."))
        self._tries.leave_out(claimed)
        while left := [unit for unit in claimed.pipeline.units() if not _done(claimed, unit)]:
            if self._draining:
                return None
            try:
                self._claimed = claimed = await self._go_on(claimed, left)
            except RunCancelled:
                cancelled = Verdict(RunStatus.CANCELLED, "run.cancelled", {}, open_stages=StageStatus.CANCELLED)
                return await self._end(cancelled)
            except (LeaseLost, ServiceUnavailable):
                raise  # without a verdict: an outage is not the run's fault, and whoever claims it next goes on
            except MomentsError as error:
                return await self._fail(error, await self._failed_stage())
        if claimed.end is not None:
            self.shown = claimed.end.shown
            return self._ended(claimed.end.verdict)
        return None if self._draining else await self._end(claimed.completed())

    async def _go_on(self, claimed: ClaimedRun, left: Sequence[Unit]) -> ClaimedRun:
        """Try the first of the units that are left, and those that go with it; return the run as it is then.

        After a try that failed and is to be made again, that is only when it is time for it.

        Raises:
            MomentsError: what failed and is not tried again.
        """
        tried, failed, after = left[:1], None, None
        try:
            settings = self._environment.settings
            task: Task | WorkerTask
            if waits_only(left[0]):
                self._raise_if_stopped()
                task = WorkerTask(claimed, left)
            else:
                nodes = await await_capacity(left[0], self._stop, settings.worker.capacity_wait_seconds)
                self._raise_if_stopped()
                task = Task(self._connect, settings, claimed, left, nodes)
            tried = task.units
            after = await self._try(task)
        except (RunCancelled, LeaseLost):
            raise
        except MomentsError as error:
            failed = error
        # Where a process died after its commit, the journal decides, not the answer.
        claimed = after or await self._load()
        undone = next((unit for unit in tried if not _done(claimed, unit)), None)
        if undone is not None and (failed is not None or undone is left[0]):
            failed = failed or StageCrashed(f"{names_of(undone)[0]} ended without an output.")
            if isinstance(failed, NodeLost):
                await _record_loss(claimed, undone, failed)
            self._tries.count_failure(claimed, tried, undone, failed, stopped=self._stop.done())
            self._raise_if_stopped()
            await self._wait_out(undone, failed)
        else:
            self._tries.count(claimed, tried)
        return claimed

    async def _wait_out(self, unit: Unit, failed: MomentsError) -> None:
        """Wait until a unit that failed is tried again.

        Raises:
            MomentsError: what failed, where it is not tried again.
        """
        delay, first = self._tries.delay(unit, failed), names_of(unit)[0]
        log.warning("stage.failed", run=self.lease.claim.run, stage=first, code=failed.code, retry_in=delay)
        if delay is None:
            raise failed
        await asyncio.wait([self._stop], timeout=delay)
        self._raise_if_stopped()

    async def _try(self, task: Task | WorkerTask) -> ClaimedRun | None:
        ended = asyncio.ensure_future(task.ended())
        try:
            waited: set[asyncio.Future[Any]] = {ended, self._stop}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                return await ended
            grace = self._environment.settings.worker.cancel_grace_seconds
            await task.stop(grace)
            if isinstance(task.units[0], tuple) and self._stop.result() in {StopReason.CANCEL, StopReason.DEADLINE}:
                await await_rows(self._environment.redis, self.lease.claim.run, grace)
            return None
        finally:
            ended.cancel()

    def _raise_if_stopped(self) -> None:
        """Leave the run where it is when it is to stop.

        Raises:
            RunCancelled: a person asked.
            LeaseLost: the run is, or is to be, another worker's.
            MomentsError: the pipeline's own, over its deadline.
        """
        if not self._stop.done():
            return
        match self._stop.result():
            case StopReason.CANCEL:
                raise RunCancelled
            case StopReason.DEADLINE:
                pipeline = self._environment.registry.get(self._run.pipeline)
                raise pipeline.timeout_error(f"The run did not end within {self._run.deadline_seconds:g} seconds.")
            case _:
                raise LeaseLost

    async def _load(self) -> ClaimedRun:
        return await ClaimedRun.load(self._environment, self.lease.claim)

    async def _failed_stage(self) -> str:
        claimed = await self._load()
        names = claimed.pipeline.stage_names
        return next((name for name in names if not claimed.done(name)), names[-1])

    async def _fail(self, error: MomentsError, stage: str | None = None) -> RunStatus:
        failure = {"code": error.code, "message": error.message, "retryable": error.retryable, "detail": error.detail}
        data = {"stage": stage, **failure}
        return await self._end(Verdict(RunStatus.FAILED, "run.failed", data, error=failure, error_stage=stage))

    async def _end(self, verdict: Verdict) -> RunStatus:
        """Write the verdict, fenced and at once with what goes with it: after it the run is history."""
        failpoint.hit(self._environment.settings, "run.ending")
        writes = (self._claimed or await self._load()).writes
        self.shown = await writes.end_at_once(verdict)
        if self.shown is None:
            await self._clean_up()
            await writes.commit(lambda journal, _: journal.end(verdict))
        return self._ended(verdict)

    def _ended(self, verdict: Verdict) -> RunStatus:
        failpoint.hit(self._environment.settings, "run.ended")
        log.info("run.ended", run=self.lease.claim.run, status=verdict.status.value, **dict(verdict.data))
        return verdict.status

    async def _clean_up(self) -> None:
        """Delete what interrupted tries left; that it cannot be done is no reason to withhold the verdict.

        Raises:
            LeaseLost: another worker owns the run, and what a zombie would delete may be that one's.
        """
        try:
            if not await interrupted(self._environment.database.row, self._run.id):
                return
            await clean_up_run(self._environment, await self.lease.renew_in_database(self._environment.database))
        except LeaseLost:
            raise
        except MomentsError as error:
            log.warning("run.cleanup_failed", run=self._run.identifier, code=error.code, error=str(error))


async def _record_loss(claimed: ClaimedRun, unit: Unit, lost: NodeLost) -> None:
    """Write that the tries that were under way went with their node: whoever made them cannot say so any more."""
    for name in names_of(unit):
        stage = claimed.stages.get(name)
        if stage is not None and stage.status is StageStatus.PROCESSING:
            await claimed.fail(name, lost)


def _done(claimed: ClaimedRun, unit: Unit) -> bool:
    return all(map(claimed.done, names_of(unit)))
