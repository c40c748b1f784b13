"""Runs by the idempotency keys that they were submitted under, many at a time."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import Run
from moments_ray.states import ACTIVE_RUN


class KeyedRuns:
    """Reads of runs by their keys."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def known(self, keys: Sequence[str]) -> set[str]:
        """Return those of the keys that a run was submitted under."""
        query = select(Run.idempotency_key).where(Run.idempotency_key.in_(keys))
        return {key for key in await self._session.scalars(query) if key is not None}

    async def active(self, prefix: str) -> int:
        """Count the queued and processing runs whose key begins so."""
        query = select(func.count()).where(
            Run.status.in_(ACTIVE_RUN), Run.idempotency_key.startswith(prefix, autoescape=True)
        )
        return await self._session.scalar(query) or 0
