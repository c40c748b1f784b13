"""Pages of runs, newest first, and what the runs of a subject were asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, or_, select

from moments_ray.database.paging import Order, OrderedPage, Page, Place, Total, count_of, ordered_page_of, page_of
from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import Run, RunItem, RunStage, Video
from moments_ray.states import ACTIVE_RUN, RunStatus, StageStatus

RunSort = Literal["newest", "oldest", "priority"]


@dataclass(frozen=True)
class RunFilter:
    """Which runs: how they stand, of what, about what and when they were queued; what is None or empty is any.

    ``q`` is the beginning of an identifier or of a subject, or a part of their video's title.
    """

    statuses: Collection[RunStatus] | None = None
    pipelines: Sequence[str] = ()
    priorities: Sequence[int] = ()
    subject: str | None = None
    video: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    q: str | None = None


@dataclass(frozen=True)
class VideoName:
    """The video that a run works on."""

    identifier: str
    title: str | None


def order_of_runs(sort: RunSort) -> Order:
    """Return the order of a list of runs: the newest first, or the oldest, or by priority."""
    by = Run.priority if sort == "priority" else Run.id
    return Order(by.expression, int, descending=sort != "oldest")


class RunLists:
    """Reads of many runs; ``after`` is a page's ``next_key``."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def runs(
        self,
        after: int | None,
        limit: int,
        *,
        subject: str | None = None,
        pipeline: str | None = None,
        statuses: Sequence[RunStatus] = (),
    ) -> Page[Run]:
        """Return runs, all or those of a subject, a pipeline, some statuses."""
        query = select(Run)
        if subject is not None:
            query = query.where(Run.subject == subject)
        if pipeline is not None:
            query = query.where(Run.pipeline == pipeline)
        if statuses:
            query = query.where(Run.status.in_(statuses))
        return await page_of(self._session, query, Run.id, after, limit)

    async def page(self, wanted: RunFilter, order: Order, after: Place | None, limit: int) -> OrderedPage[Run]:
        """Return wanted runs in an order."""
        return await ordered_page_of(self._session, _wanted(wanted), Run.id, order, after=after, limit=limit)

    async def total(self, wanted: RunFilter) -> Total:
        """Return how many there are."""
        return await count_of(self._session, _wanted(wanted).with_only_columns(Run.id))

    async def identifiers(self, wanted: RunFilter, limit: int) -> list[str]:
        """Return the identifiers of wanted runs, the newest first."""
        query = _wanted(wanted).with_only_columns(Run.identifier).order_by(Run.id.desc()).limit(limit)
        return list((await self._session.scalars(query)).all())

    async def video_names(self, runs: Sequence[Run]) -> Mapping[int, VideoName]:
        """Return the videos that runs work on, by the videos' keys."""
        keys = {run.video_id for run in runs if run.video_id is not None}
        query = select(Video.id, Video.identifier, Video.title).where(Video.id.in_(keys))
        return {key: VideoName(identifier, title) for key, identifier, title in await self._session.execute(query)}

    async def stages(self, runs: Sequence[Run]) -> Mapping[int, dict[str, RunStage]]:
        """Return the stages of runs that have begun, by the runs' keys and by name."""
        found: dict[int, dict[str, RunStage]] = {run.id: {} for run in runs}
        for stage in await self._session.scalars(select(RunStage).where(RunStage.run_id.in_(found))):
            found[stage.run_id][stage.name] = stage
        return found

    async def newest_config(self, video: str, part: str) -> dict[str, Any] | None:
        """Return a part of the request of the newest run of a video that has it, whatever that run is about."""
        concerned = or_(Run.subject == video, Video.identifier == video)
        query = select(Run.config[part]).outerjoin(Video, Video.id == Run.video_id)
        query = query.where(concerned, Run.config.has_key(part))
        found: dict[str, Any] | None = await self._session.scalar(query.order_by(Run.id.desc()).limit(1))
        return found

    async def item_errors(self, subject: str, stages: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return what went wrong with items of these stages in the newest run of a subject, by the items' keys."""
        newest = select(Run.id).where(Run.subject == subject).order_by(Run.id.desc()).limit(1).scalar_subquery()
        query = select(RunItem.key, RunItem.error).where(
            RunItem.run_id == newest, RunItem.stage.in_(stages), RunItem.status == StageStatus.FAILED
        )
        return {row.key: row.error for row in await self._session.execute(query)}

    async def of_video(self, video: str) -> list[Run]:
        """Return every run that works on a video, by its identifier."""
        query = select(Run).join(Video, Video.id == Run.video_id).where(Video.identifier == video)
        return list(await self._session.scalars(query))

    async def active_on_video(self, video: str) -> list[Run]:
        """Return the queued and processing runs that work on a video, by its identifier."""
        query = select(Run).join(Video, Video.id == Run.video_id)
        query = query.where(Video.identifier == video, Run.status.in_(ACTIVE_RUN))
        return list(await self._session.scalars(query.execution_options(populate_existing=True)))


def _wanted(wanted: RunFilter) -> Select[tuple[Run]]:
    conditions: list[ColumnElement[Any] | None] = [
        None if wanted.statuses is None else Run.status.in_(wanted.statuses),
        Run.pipeline.in_(wanted.pipelines) if wanted.pipelines else None,
        Run.priority.in_(wanted.priorities) if wanted.priorities else None,
        None if wanted.subject is None else Run.subject == wanted.subject,
        None if wanted.video is None else Video.identifier == wanted.video,
        None if wanted.since is None else Run.queued_at >= wanted.since,
        None if wanted.until is None else Run.queued_at < wanted.until,
    ]
    if wanted.q is not None:
        beginning = [each.startswith(wanted.q, autoescape=True) for each in (Run.identifier, Run.subject)]
        conditions.append(or_(*beginning, Video.title.icontains(wanted.q, autoescape=True)))
    query = select(Run).where(*(each for each in conditions if each is not None))
    return (
        query.outerjoin(Video, Video.id == Run.video_id) if wanted.q is not None or wanted.video is not None else query
    )
