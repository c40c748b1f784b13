"""What workers do for backfills now and then: read their sources, start their items, take over how runs ended.

All of it is in rows, so that any worker goes on where another one stopped. One worker attends to a backfill at a time,
by a lease; were it two, each step would still happen once: positions and statuses are compared when they are written,
and the runs of an item have idempotency keys.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import structlog

from moments_ray.corpus.item_runs import ItemRuns
from moments_ray.corpus.options import BackfillSource, Budget
from moments_ray.corpus.promotion import change_sets
from moments_ray.corpus.queries.backfills import Backfills
from moments_ray.corpus.queries.items import BackfillItems, LedgerEntry
from moments_ray.corpus.reading import read_source
from moments_ray.database.tables import Backfill
from moments_ray.engine.environment import Environment
from moments_ray.engine.runs.service import RunService
from moments_ray.errors import InputError, MomentsError, NothingToDo, ObjectMissing, RunActive, ServiceUnavailable
from moments_ray.process.metrics import BACKFILL_ITEMS
from moments_ray.states import BackfillItemStatus, BackfillStatus

log = structlog.get_logger()

_LEASE = timedelta(seconds=60)
_TURN_SECONDS = 10.0  # for one backfill, before the next one has its turn
_BACKFILLS_AT_ONCE = 20
_STARTS_AT_ONCE = 8
_MEASURED_AFTER_END = timedelta(hours=1)


async def attend_to_backfills(environment: Environment) -> None:
    """Bring every backfill on that nobody attends to; the longest wait comes first."""
    async with environment.database.begin() as session:
        due = await Backfills(session).take_due(_LEASE, _BACKFILLS_AT_ONCE)
    try:
        for key in due:
            try:
                await Attendance(environment).attend(key)
            except ServiceUnavailable:
                raise
            except Exception:
                log.exception("backfill.failed", backfill=key)  # of one; the others have their turn
    finally:
        async with environment.database.begin() as session:
            for key in due:
                await Backfills(session).renew(key, timedelta(0))
        await _measure(environment)


async def _measure(environment: Environment) -> None:
    """Tell how items stand; every worker does, or the last figures of one that attends no more would stand."""
    async with environment.database.read() as session:
        backfills = await Backfills(session).active_within(_MEASURED_AFTER_END)
    for backfill in backfills:
        for status in BackfillItemStatus:
            count = backfill.counts.get(status, 0)
            environment.meter(BACKFILL_ITEMS, count, backfill=backfill.identifier[:8], status=status.value)


class Attendance:
    """One worker's turn with backfills."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._database = environment.database
        self._run_service = RunService(environment)
        self._items = ItemRuns(environment, self._run_service)
        self._until = time.monotonic() + _TURN_SECONDS

    async def attend(self, key: int) -> None:
        """Do for a backfill what is to be done."""
        backfill = await self._renewed(key)
        if backfill is not None and backfill.status == BackfillStatus.ESTIMATING:
            backfill = await self._read(backfill)
        if backfill is None:
            return
        await self._collect(backfill)
        if backfill.status == BackfillStatus.CANCELLED:
            await cancel_runs(self._environment, self._run_service, backfill.id)
        elif backfill.status == BackfillStatus.RUNNING:
            await self._start_items(backfill)
        if backfill.sets_to is not None:
            await change_sets(self._environment, backfill, self._until)

    async def _renewed(self, key: int) -> Backfill | None:
        async with self._database.begin() as session:
            return await Backfills(session).renew(key, _LEASE)

    async def _read(self, backfill: Backfill) -> Backfill | None:
        """Write the ledger; return the backfill as it stands then."""
        source = BackfillSource.model_validate(backfill.source)
        async with self._database.read() as session:
            lines = await BackfillItems(session).count(backfill.id)
        try:
            batches = read_source(self._database, self._environment.store, source, backfill.position, lines)
            async for batch in batches:
                async with self._database.begin() as session:
                    if not await BackfillItems(session).add(backfill, batch.entries, batch.position):
                        return await self._renewed(backfill.id)  # paused, cancelled, or somebody else reads
                backfill.position = batch.position
                if time.monotonic() > self._until:
                    return await self._counted(backfill.id)
        except (InputError, ObjectMissing) as error:
            await self._fail(backfill, error)
            return None
        await self._counted(backfill.id)
        now = datetime.now(UTC)
        async with self._database.begin() as session:
            return await Backfills(session).change(
                backfill.id,
                "backfill.running",
                among=[BackfillStatus.ESTIMATING],
                status=BackfillStatus.RUNNING,
                read_at=now,
                started_at=now,
            )

    async def _counted(self, key: int) -> Backfill | None:
        async with self._database.begin() as session:
            await BackfillItems(session).refresh_totals(key)
        return await self._renewed(key)

    async def _fail(self, backfill: Backfill, error: MomentsError) -> None:
        said = {"code": error.code, "message": error.message, "retryable": error.retryable}
        async with self._database.begin() as session:
            await Backfills(session).change(
                backfill.id,
                "backfill.failed",
                said,
                among=[BackfillStatus.ESTIMATING],
                status=BackfillStatus.FAILED,
                error=said,
                completed_at=datetime.now(UTC),
            )

    async def _collect(self, backfill: Backfill) -> None:
        async with self._database.begin() as session:
            items = BackfillItems(session)
            if await items.collect(backfill.id):
                await items.refresh_totals(backfill.id)

    async def _start_items(self, backfill: Backfill) -> None:
        """Start as many items as may be in flight and as the budget allows; with none left, end the backfill."""
        while True:
            standing = await self._renewed(backfill.id)
            if standing is None or standing.status != BackfillStatus.RUNNING:
                return
            pending = standing.counts.get(BackfillItemStatus.PENDING, 0)
            running = standing.counts.get(BackfillItemStatus.RUNNING, 0)
            if not pending:
                if not running:
                    await self._end(standing)
                return
            if (spent := spent_budget(standing, datetime.now(UTC))) is not None:
                await self._pause(standing, spent)
                return
            allowed = standing.in_flight - running
            if (videos := Budget.model_validate(standing.budget).videos) is not None:
                allowed = min(allowed, videos - standing.attempted)
            async with self._database.read() as session:
                due = await BackfillItems(session).due(standing.id, min(allowed, _STARTS_AT_ONCE) if allowed > 0 else 0)
            if not due:
                return
            await asyncio.gather(*(self._start(standing, entry) for entry in due))
            async with self._database.begin() as session:
                await BackfillItems(session).refresh_totals(standing.id)
            if time.monotonic() > self._until:
                return

    async def _start(self, backfill: Backfill, entry: LedgerEntry) -> None:
        try:
            run, video = await self._items.start(backfill, entry)
        except ServiceUnavailable:
            raise
        except RunActive as error:
            if entry.run is None or error.detail.get("run") != entry.run:
                async with self._database.begin() as session:
                    await BackfillItems(session).postpone(entry.item.id)
                return
            run, video = entry.item.run_id or 0, entry.item.video_id or 0  # a retry that was begun before a crash
        except MomentsError as error:
            status = BackfillItemStatus.SKIPPED if isinstance(error, NothingToDo) else BackfillItemStatus.FAILED
            async with self._database.begin() as session:
                await BackfillItems(session).refused(entry.item.id, status, error)
            return
        async with self._database.begin() as session:
            await BackfillItems(session).started(entry.item.id, run, video)

    async def _pause(self, backfill: Backfill, spent: str) -> None:
        async with self._database.begin() as session:
            await Backfills(session).change(
                backfill.id,
                "backfill.paused",
                {"by": f"budget.{spent}"},
                among=[BackfillStatus.RUNNING],
                status=BackfillStatus.PAUSED,
                paused_by=f"budget.{spent}",
            )

    async def _end(self, backfill: Backfill) -> None:
        broken = {
            BackfillItemStatus.FAILED,
            BackfillItemStatus.CANCELLED,
            BackfillItemStatus.COMPLETED_WITH_ERRORS,
        }
        failed = any(backfill.counts.get(status, 0) for status in broken)
        verdict = BackfillStatus.COMPLETED_WITH_ERRORS if failed else BackfillStatus.COMPLETED
        async with self._database.begin() as session:
            await Backfills(session).change(
                backfill.id,
                f"backfill.{verdict}",
                {"counts": backfill.counts},
                among=[BackfillStatus.RUNNING],
                status=verdict,
                completed_at=datetime.now(UTC),
            )


async def cancel_runs(environment: Environment, run_service: RunService, backfill: int) -> None:
    """Ask every run of a backfill to stop that goes on."""
    async with environment.database.read() as session:
        active = await BackfillItems(session).active_runs(backfill)
    for run in active:
        await run_service.cancel(run)


def spent_budget(backfill: Backfill, now: datetime) -> str | None:
    """Return which budget of a backfill is spent; None where all last."""
    budget = Budget.model_validate(backfill.budget)
    spent = {
        "videos": budget.videos is not None and backfill.attempted >= budget.videos,
        "media_hours": budget.media_hours is not None and backfill.media_seconds >= budget.media_hours * 3600,
        "tokens": budget.tokens is not None and backfill.tokens >= budget.tokens,
        "usd": budget.usd is not None and float(backfill.usd) >= budget.usd,
        "until": budget.until is not None and now >= budget.until,
    }
    return next((name for name, is_spent in spent.items() if is_spent), None)
