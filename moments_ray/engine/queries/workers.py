"""Which workers hold runs, as their heartbeats say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import func, select

from moments_ray.database.session import ReadSession
from moments_ray.database.tables import Run
from moments_ray.states import RunStatus


class Holding(NamedTuple):
    """A worker that holds runs: the age of its newest heartbeat in seconds, and the runs' pipelines by identifier."""

    worker: str
    age: float
    runs: Mapping[str, str]


class Workers:
    """Reads of who works."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def holding(self) -> Sequence[Holding]:
        """Return every worker that holds a run."""
        age = func.extract("epoch", func.now() - func.max(Run.heartbeat_at))
        runs = func.json_object_agg(Run.identifier, Run.pipeline)
        query = select(Run.owner, age, runs).where(Run.status == RunStatus.PROCESSING, Run.owner.is_not(None))
        rows = await self._session.execute(query.group_by(Run.owner).order_by(Run.owner))
        return [Holding(owner, float(seconds or 0.0), held) for owner, seconds, held in rows]
