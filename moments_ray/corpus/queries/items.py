"""The ledger of a backfill: its items, how they came there, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, func, select, text, update

from moments_ray.corpus.manifest import Entry
from moments_ray.corpus.queries.standing import stands
from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import Backfill, BackfillItem, Run, Video
from moments_ray.errors import MomentsError
from moments_ray.states import BackfillItemStatus, BackfillStatus, RunStatus

_POSTPONED = timedelta(seconds=30)  # before an item is looked at again whose video somebody else works on

_ADD = """
    WITH told AS (
        SELECT l.*, l.source_hash IS NOT NULL AND (
            row_number() OVER (PARTITION BY l.source_hash ORDER BY l.line) > 1
            OR EXISTS (SELECT FROM backfill_items i WHERE i.backfill_id = :backfill AND i.source_hash = l.source_hash)
        ) AS repeated
        FROM unnest(
            CAST(:lines AS int[]), CAST(:sources AS text[]), CAST(:canonicals AS text[]), CAST(:hashes AS text[]),
            CAST(:codes AS text[]), CAST(:errors AS text[])
        ) AS l(line, source, canonical, source_hash, error_code, error)
    )
    INSERT INTO backfill_items (backfill_id, line, source, source_hash, video_id, status, error_code, error, ended_at)
    SELECT :backfill, told.line, told.source, CASE WHEN NOT repeated THEN told.source_hash END, videos.id,
        CASE WHEN told.error_code IS NOT NULL THEN 'failed' WHEN repeated OR {stands} THEN 'skipped' ELSE 'pending' END,
        told.error_code, CASE WHEN repeated THEN 'It stands in the list a second time.' ELSE told.error END,
        CASE WHEN told.error_code IS NOT NULL OR repeated OR {stands} THEN now() END
    FROM told LEFT JOIN videos ON videos.canonical_source = told.canonical AND videos.status <> 'deleting'
    ORDER BY told.line
"""
# What a run that ended leaves in the ledger. A run that was there before cost this backfill nothing.
_COLLECT = text("""
    WITH ended AS (
        SELECT i.id, r.status AS run_status, r.id IS NULL AS gone, r.error, r.video_id,
            extract(epoch FROM r.completed_at - r.started_at) AS seconds,
            r.queued_at >= b.created_at AS ours
        FROM backfill_items i JOIN backfills b ON b.id = i.backfill_id LEFT JOIN runs r ON r.id = i.run_id
        WHERE i.backfill_id = :backfill AND i.status = 'running'
            AND (r.id IS NULL OR r.status NOT IN ('queued', 'processing'))
        FOR UPDATE OF i
    )
    UPDATE backfill_items SET
        status = CASE WHEN ended.gone THEN 'failed' ELSE ended.run_status END,
        error_code = CASE WHEN ended.gone THEN 'object.not_found' ELSE ended.error->>'code' END,
        error = CASE WHEN ended.gone THEN 'Its video was deleted.' ELSE ended.error->>'message' END,
        video_id = ended.video_id,
        ended_at = now(),
        seconds = ended.seconds,
        media_seconds = coalesce((SELECT duration FROM videos WHERE videos.id = ended.video_id), 0),
        tokens = coalesce(cost.tokens, 0),
        usd = coalesce(cost.usd, 0)
    FROM ended LEFT JOIN LATERAL (
        SELECT sum(input_tokens + output_tokens) AS tokens, sum(a.usd) AS usd
        FROM run_attempts a JOIN backfill_items i ON i.run_id = a.run_id
        WHERE i.id = ended.id AND ended.ours
    ) cost ON true
    WHERE backfill_items.id = ended.id
    RETURNING backfill_items.id
""")
_TOTALS = text("""
    UPDATE backfills SET counts = found.counts, attempted = found.attempted, media_seconds = found.media_seconds,
        tokens = found.tokens, usd = found.usd
    FROM (
        SELECT coalesce(jsonb_object_agg(status, items), '{}') AS counts, coalesce(sum(attempted), 0) AS attempted,
            coalesce(sum(media_seconds), 0) AS media_seconds, coalesce(sum(tokens), 0) AS tokens,
            coalesce(sum(usd), 0) AS usd
        FROM (
            SELECT status, count(*) AS items, count(*) FILTER (WHERE tries > 0) AS attempted,
                sum(media_seconds) AS media_seconds, sum(tokens) AS tokens, sum(usd) AS usd
            FROM backfill_items WHERE backfill_id = :backfill GROUP BY status
        ) by_status
    ) found
    WHERE backfills.id = :backfill
""")


class LedgerEntry(NamedTuple):
    """An item with the public identifiers of its video and run."""

    item: BackfillItem
    video: str | None
    run: str | None


class BackfillItems:
    """Reads and writes of items."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def add(self, backfill: Backfill, entries: Sequence[Entry], reached: int) -> bool:
        """Write items for what was read up to a position; False where somebody else was faster."""
        taken = await self._session.execute(
            update(Backfill)
            .where(
                Backfill.id == backfill.id,
                Backfill.position == backfill.position,
                Backfill.status == BackfillStatus.ESTIMATING,
            )
            .values(position=reached)
            .returning(Backfill.id)
        )
        if taken.first() is None:
            return False
        await self._session.execute(
            text(_ADD.format(stands=stands(backfill.mode, backfill.pipeline))),
            {
                "backfill": backfill.id,
                "lines": [entry.line for entry in entries],
                "sources": [entry.source for entry in entries],
                "canonicals": [entry.canonical for entry in entries],
                "hashes": [entry.source_hash for entry in entries],
                "codes": [entry.problem and entry.problem.code for entry in entries],
                "errors": [entry.problem and entry.problem.message for entry in entries],
            },
        )
        return True

    async def count(self, backfill: int) -> int:
        """Return how many items there are."""
        return await self._session.scalar(_count().where(BackfillItem.backfill_id == backfill)) or 0

    async def due(self, backfill: int, limit: int) -> list[LedgerEntry]:
        """Return pending items that may be started, in the order of the source."""
        query = _ledger().where(
            BackfillItem.backfill_id == backfill,
            BackfillItem.status == BackfillItemStatus.PENDING,
            BackfillItem.not_before <= func.now(),
        )
        return await self._entries(query.order_by(BackfillItem.id).limit(limit))

    async def started(self, key: int, run: int, video: int) -> None:
        """Note the run that an item was started with."""
        await self._move(
            key, status=BackfillItemStatus.RUNNING, run_id=run, video_id=video, tries=BackfillItem.tries + 1
        )

    async def refused(self, key: int, status: BackfillItemStatus, error: MomentsError) -> None:
        """Note why an item is not started."""
        said = {"error_code": error.code, "error": error.message}
        await self._move(key, status=status, **said, ended_at=func.now(), tries=BackfillItem.tries + 1)

    async def postpone(self, key: int) -> None:
        """Leave an item for later: somebody else works on its video."""
        await self._move(key, not_before=func.now() + _POSTPONED)

    async def collect(self, backfill: int) -> int:
        """Take over how runs ended; return how many did."""
        return len((await self._session.scalars(_COLLECT, {"backfill": backfill})).all())

    async def refresh_totals(self, backfill: int) -> None:
        """Bring the backfill's counts and costs up to those of its items."""
        await self._session.execute(_TOTALS, {"backfill": backfill})

    async def active_runs(self, backfill: int) -> list[str]:
        """Return the runs of a backfill that go on and are not asked to stop yet."""
        query = (
            select(Run.identifier)
            .join(BackfillItem, BackfillItem.run_id == Run.id)
            .where(
                BackfillItem.backfill_id == backfill,
                BackfillItem.status == BackfillItemStatus.RUNNING,
                Run.status.in_([RunStatus.QUEUED, RunStatus.PROCESSING]),
                Run.cancel_requested_at.is_(None),
            )
        )
        return list(await self._session.scalars(query))

    async def cancel_pending(self, backfill: int) -> None:
        """Cancel what was not started."""
        await self._session.execute(
            update(BackfillItem)
            .where(BackfillItem.backfill_id == backfill, BackfillItem.status == BackfillItemStatus.PENDING)
            .values(status=BackfillItemStatus.CANCELLED, ended_at=func.now())
        )

    async def retry(self, backfill: int, codes: Sequence[str] | None) -> int:
        """Have what failed started again, by error code if any is given; return how many items that are.

        A line that is no URL stays: it would fail again.
        """
        failed = [BackfillItemStatus.FAILED, BackfillItemStatus.COMPLETED_WITH_ERRORS]
        wanted = [
            BackfillItem.backfill_id == backfill,
            BackfillItem.status.in_(failed),
            BackfillItem.source_hash.is_not(None),
        ]
        if codes is not None:
            wanted.append(BackfillItem.error_code.in_(codes))
        again = {"status": BackfillItemStatus.PENDING, "error_code": None, "error": None, "ended_at": None}
        found = await self._session.scalars(
            update(BackfillItem)
            .where(and_(*wanted))
            .values(**again, not_before=func.now())
            .returning(BackfillItem.id)
            .execution_options(synchronize_session=False)
        )
        return len(found.all())

    async def page(
        self, backfill: int, statuses: Sequence[BackfillItemStatus], code: str | None, after: int, limit: int
    ) -> tuple[list[LedgerEntry], int | None]:
        """Return items in the order of the source, and the key after which the next ones follow."""
        query = _ledger().where(BackfillItem.backfill_id == backfill, BackfillItem.id > after)
        if statuses:
            query = query.where(BackfillItem.status.in_(statuses))
        if code is not None:
            query = query.where(BackfillItem.error_code == code)
        rows = await self._entries(query.order_by(BackfillItem.id).limit(limit + 1))
        return rows[:limit], rows[limit - 1].item.id if len(rows) > limit else None

    async def ended_since(self, backfill: int, seconds: float) -> int:
        """Return how many items a run came to its end for in the last seconds."""
        since = func.now() - timedelta(seconds=seconds)
        query = _count().where(
            BackfillItem.backfill_id == backfill, BackfillItem.ended_at > since, BackfillItem.tries > 0
        )
        return await self._session.scalar(query) or 0

    async def _move(self, key: int, **values: Any) -> None:
        """Change an item that is pending still."""
        await self._session.execute(
            update(BackfillItem)
            .where(BackfillItem.id == key, BackfillItem.status == BackfillItemStatus.PENDING)
            .values(**values)
        )

    async def _entries(self, query: Select[Any]) -> list[LedgerEntry]:
        return [LedgerEntry(*row) for row in await self._session.execute(query)]


def _ledger() -> Select[tuple[BackfillItem, str, str]]:
    return (
        select(BackfillItem, Video.identifier, Run.identifier)
        .outerjoin(Video, Video.id == BackfillItem.video_id)
        .outerjoin(Run, Run.id == BackfillItem.run_id)
    )


def _count() -> Select[tuple[int]]:
    return select(func.count()).select_from(BackfillItem)
