"""What sweepers look for: runs that nobody took or that lost their worker, and how many wait."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import Select, func, select, text

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import Run
from moments_ray.states import ACTIVE_RUN, RunStatus

_SWEEP_LOCK = 7005_002  # of PostgreSQL's advisory locks


class Sweeps:
    """Reads over all active runs."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def lock(self) -> bool:
        """Take the lock that lets one sweeper in at a time, until the transaction ends; tell whether it was free."""
        locked = await self._session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _SWEEP_LOCK})
        return bool(locked)

    async def unclaimed(self, older_than: float, limit: int) -> list[Run]:
        """Return queued runs that workers were notified of over ``older_than`` seconds ago, the longest wait first."""
        return await self._list(
            select(Run)
            .where(Run.status == RunStatus.QUEUED, Run.notified_at < func.now() - timedelta(seconds=older_than))
            .order_by(Run.notified_at)
            .limit(limit)
        )

    async def stale(self, lease_seconds: float, limit: int) -> list[Run]:
        """Return processing runs whose heartbeat is older than the lease."""
        return await self._list(
            select(Run)
            .where(
                Run.status == RunStatus.PROCESSING,
                Run.heartbeat_at < func.now() - timedelta(seconds=lease_seconds),
                Run.notified_at < func.now() - timedelta(seconds=lease_seconds),
            )
            .order_by(Run.heartbeat_at)
            .limit(limit)
        )

    async def active_identifiers(self, among: Collection[str] | None = None) -> set[str]:
        """Return the identifiers of the queued and processing runs, all or those of them that are among others."""
        query = select(Run.identifier).where(Run.status.in_(ACTIVE_RUN))
        if among is not None:
            query = query.where(Run.identifier.in_(among))
        return set(await self._session.scalars(query))

    async def queue_depths(self) -> tuple[dict[int, int], float]:
        """Return how many runs are queued, by priority, and for how many seconds the oldest has been."""
        waited = func.extract("epoch", func.now() - func.min(Run.queued_at))
        queued = select(Run.priority, func.count(), waited).where(Run.status == RunStatus.QUEUED).group_by(Run.priority)
        rows = (await self._session.execute(queued)).all()
        return {priority: count for priority, count, _ in rows}, max((float(row[2]) for row in rows), default=0.0)

    async def _list(self, query: Select[tuple[Run]]) -> list[Run]:
        return list((await self._session.scalars(query)).all())
