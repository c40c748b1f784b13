"""The events of all runs in one order, in which none appears behind one that was read before."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, Text, cast, func, or_, select

from moments_ray.database.session import ReadSession
from moments_ray.database.tables import Run, RunEvent, Video


@dataclass(frozen=True)
class EventFilter:
    """Which events: of some runs, of what is about or works on some videos, of some pipelines; empty means all."""

    runs: frozenset[str] = frozenset()
    videos: frozenset[str] = frozenset()
    pipelines: frozenset[str] = frozenset()

    def takes(self, about: RunAbout) -> bool:
        """Tell whether what happens in a run is wanted."""
        return (
            (not self.runs or about.run in self.runs)
            and (not self.pipelines or about.pipeline in self.pipelines)
            and (not self.videos or not self.videos.isdisjoint({about.subject, about.video}))
        )

    def condition(self) -> list[ColumnElement[bool]]:
        """Return the same as conditions on runs and their videos."""
        wanted: list[ColumnElement[bool]] = []
        if self.runs:
            wanted.append(Run.identifier.in_(self.runs))
        if self.pipelines:
            wanted.append(Run.pipeline.in_(self.pipelines))
        if self.videos:
            wanted.append(or_(Run.subject.in_(self.videos), Video.identifier.in_(self.videos)))
        return wanted


class RunAbout(NamedTuple):
    """What a run is: its identifier, its pipeline, and what it is about."""

    run: str
    pipeline: str
    subject: str
    video: str | None


class LoggedEvent(NamedTuple):
    """An event and its place among those of all runs; ``seq`` counts within its run."""

    position: int
    seq: int
    type: str
    data: dict[str, Any]
    created_at: datetime
    run: str
    pipeline: str
    subject: str
    video: str | None

    @property
    def about(self) -> RunAbout:
        """The run in which it happened."""
        return RunAbout(self.run, self.pipeline, self.subject, self.video)


class Transactions(NamedTuple):
    """The transactions under way: every one before ``oldest`` has ended, every one from ``next`` on begins later."""

    oldest: int
    next: int


_ABOUT = (Run.identifier, Run.pipeline, Run.subject, Video.identifier)
_EVENT = (RunEvent.position, RunEvent.seq, RunEvent.type, RunEvent.data, RunEvent.created_at, *_ABOUT)
_SNAPSHOT = func.pg_current_snapshot()
_OLDEST, _NEXT = (
    cast(cast(each, Text), BigInteger) for each in (func.pg_snapshot_xmin(_SNAPSHOT), func.pg_snapshot_xmax(_SNAPSHOT))
)


class EventLog:
    """Reads of the events of all runs."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def end(self) -> tuple[int, Transactions]:
        """Return the newest position, and which transactions were under way then."""
        newest = select(func.coalesce(func.max(RunEvent.position), 0)).scalar_subquery()
        position, oldest, following = (await self._session.execute(select(newest, _OLDEST, _NEXT))).one()
        return position, Transactions(oldest, following)

    async def visible(self, after: int, limit: int) -> tuple[list[LoggedEvent], Transactions | None]:
        """Return the next events that can be seen, and which transactions were under way then."""
        query = _events(_OLDEST, _NEXT).where(RunEvent.position > after)
        rows = (await self._session.execute(query.order_by(RunEvent.position).limit(limit))).all()
        return [LoggedEvent(*row[:-2]) for row in rows], Transactions(*rows[0][-2:]) if rows else None

    async def between(self, after: int, until: int, limit: int, wanted: EventFilter) -> list[LoggedEvent]:
        """Return wanted events after one position and up to another, in order."""
        query = _events().where(RunEvent.position > after, RunEvent.position <= until, *wanted.condition())
        rows = await self._session.execute(query.order_by(RunEvent.position).limit(limit))
        return [LoggedEvent(*row) for row in rows]

    async def newest(self, until: int, limit: int, wanted: EventFilter) -> list[LoggedEvent]:
        """Return the last wanted events up to a position, in order."""
        query = _events().where(RunEvent.position <= until, *wanted.condition())
        rows = await self._session.execute(query.order_by(RunEvent.position.desc()).limit(limit))
        return [LoggedEvent(*row) for row in rows][::-1]

    async def about(self, runs: Collection[str]) -> Sequence[RunAbout]:
        """Return what some runs are."""
        query = select(*_ABOUT).outerjoin(Video, Video.id == Run.video_id).where(Run.identifier.in_(runs))
        return [RunAbout(*row) for row in await self._session.execute(query)]


def _events(*more: Any) -> Select[Any]:
    return select(*_EVENT, *more).join(Run, Run.id == RunEvent.run_id).outerjoin(Video, Video.id == Run.video_id)
