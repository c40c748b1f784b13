"""Pages of runs, newest first, and what the runs of a subject were asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from moments_ray.database.paging import Page, page_of
from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import Run, RunItem, Video
from moments_ray.states import ACTIVE_RUN, RunStatus, StageStatus


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

    async def newest_config(self, subject: str, part: str) -> dict[str, Any] | None:
        """Return a part of the request of the newest run of a subject that has it."""
        query = select(Run.config[part]).where(Run.subject == subject, Run.config.has_key(part))
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
