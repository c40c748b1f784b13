"""Pages of videos, by what people look for in a library, and what a list shows of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Float, Select, and_, exists, func, literal, or_, select
from sqlalchemy.orm import aliased

from moments_ray.database.paging import Order, OrderedPage, Place, Total, count_of, ordered_page_of
from moments_ray.database.session import ReadSession
from moments_ray.database.tables import ClipRow, MomentRow, Run, RunStage, Thumbnail, Video
from moments_ray.library.queries.search import is_shown
from moments_ray.states import ClipStatus, RunStatus, StageStatus, VideoStatus

VideoSort = Literal["newest", "oldest", "title", "longest", "shortest", "last_run"]
ShownStatus = Literal["pending", "ready", "failed"]


@dataclass(frozen=True)
class VideoFilter:
    """Which videos: by words of their titles, where they are from, how they and their newest runs stand, and when.

    What is None or empty is not asked for; lengths are in seconds.
    """

    q: str | None = None
    source: str | None = None
    statuses: Sequence[ShownStatus] = ()
    run_statuses: Sequence[RunStatus] = ()
    has_moments: bool | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    min_duration: float | None = None
    max_duration: float | None = None


class Counts(NamedTuple):
    """What of a video there is to see."""

    moments: int = 0
    clips: int = 0


class VideoSource(NamedTuple):
    """A video's key, and where it is from."""

    id: int
    source_url: str | None
    canonical_source: str


class NewestRun(NamedTuple):
    """The newest run of a video, and the stage it is at."""

    run: Run
    current_stage: str | None


def _newest_run() -> ColumnElement[int]:
    found = select(func.max(Run.id)).where(Run.video_id == Video.id).correlate(Video).scalar_subquery()
    return func.coalesce(found, literal(0, BigInteger))


def order_of_videos(sort: VideoSort) -> Order:
    """Return the order of a list of videos."""
    match sort:
        case "newest" | "oldest":
            return Order(Video.id.expression, int, descending=sort == "newest")
        case "title":
            return Order(func.lower(func.coalesce(Video.title, "")), str, descending=False)
        case "longest" | "shortest":
            length = func.coalesce(Video.duration, literal(0.0, Float))
            return Order(length, float, descending=sort == "longest")
        case "last_run":
            return Order(_newest_run(), int)


class VideoLists:
    """Reads of many videos."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def page(self, wanted: VideoFilter, order: Order, after: Place | None, limit: int) -> OrderedPage[Video]:
        """Return videos that are not being deleted, in an order."""
        return await ordered_page_of(self._session, _wanted(wanted), Video.id, order, after=after, limit=limit)

    async def total(self, wanted: VideoFilter) -> Total:
        """Return how many there are."""
        return await count_of(self._session, _wanted(wanted).with_only_columns(Video.id))

    async def identifiers(self, wanted: VideoFilter, limit: int) -> list[str]:
        """Return the identifiers of videos, the newest first."""
        query = _wanted(wanted).with_only_columns(Video.identifier).order_by(Video.id.desc()).limit(limit)
        return list((await self._session.scalars(query)).all())

    async def sources_after(self, wanted: VideoFilter, after: int, limit: int) -> Sequence[VideoSource]:
        """Return where videos are from whose keys follow one, by ascending key."""
        columns = (Video.id, Video.source_url, Video.canonical_source)
        query = _wanted(wanted).with_only_columns(*columns).where(Video.id > after).order_by(Video.id).limit(limit)
        return [VideoSource(*row) for row in await self._session.execute(query)]

    async def counts(self, videos: Sequence[int]) -> Mapping[int, Counts]:
        """Return how many moments and clips users see of videos, by the videos' keys."""
        shown = and_(MomentRow.video_id.in_(videos), is_shown())
        moments = select(MomentRow.video_id, func.count()).where(shown).group_by(MomentRow.video_id)
        clips = (
            select(MomentRow.video_id, func.count())
            .join(ClipRow, ClipRow.moment_id == MomentRow.id)
            .where(shown, ClipRow.status == ClipStatus.COMPLETED)
            .group_by(MomentRow.video_id)
        )
        of_clips = dict((await self._session.execute(clips)).tuples().all())
        found = (await self._session.execute(moments)).tuples().all()
        return {key: Counts(count, of_clips.get(key, 0)) for key, count in found}

    async def of_same_content(self, videos: Sequence[int]) -> Mapping[int, Sequence[Video]]:
        """Return by the keys of videos the others that have the same bytes, the oldest first."""
        other = aliased(Video)
        same = and_(other.checksum == Video.checksum, other.bytes == Video.bytes, other.id != Video.id)
        query = select(Video.id, other).join(other, same).where(Video.id.in_(videos), other.status == VideoStatus.READY)
        found: dict[int, list[Video]] = {}
        for key, row in (await self._session.execute(query.order_by(other.id))).tuples():
            found.setdefault(key, []).append(row)
        return found

    async def newest_runs(self, videos: Sequence[int]) -> Mapping[int, NewestRun]:
        """Return the newest runs of videos, by the videos' keys."""
        newest = select(func.max(Run.id)).where(Run.video_id.in_(videos)).group_by(Run.video_id)
        runs = (await self._session.scalars(select(Run).where(Run.id.in_(newest)))).all()
        current = (
            select(RunStage.run_id, RunStage.name)
            .where(RunStage.run_id.in_([run.id for run in runs]), RunStage.status == StageStatus.PROCESSING)
            .distinct(RunStage.run_id)
            .order_by(RunStage.run_id, RunStage.ordinal)
        )
        stages = dict((await self._session.execute(current)).tuples().all())
        return {run.video_id: NewestRun(run, stages.get(run.id)) for run in runs if run.video_id is not None}

    async def thumbnails(self, videos: Sequence[int]) -> Mapping[int, str]:
        """Return the URIs of videos' pictures, by the videos' keys."""
        query = select(Thumbnail.video_id, Thumbnail.cloud_url).where(Thumbnail.video_id.in_(videos))
        return {key: uri for key, uri in (await self._session.execute(query)).tuples() if key is not None}


def _wanted(wanted: VideoFilter) -> Select[tuple[Video]]:
    conditions: list[ColumnElement[Any] | None] = [
        Video.status != VideoStatus.DELETING,
        None if wanted.q is None else Video.title.icontains(wanted.q, autoescape=True),
        None if wanted.source is None else _host_is(wanted.source),
        or_(*map(_status_is, wanted.statuses)) if wanted.statuses else None,
        _newest_run_is(wanted.run_statuses) if wanted.run_statuses else None,
        None if wanted.created_after is None else Video.created_at >= wanted.created_after,
        None if wanted.created_before is None else Video.created_at < wanted.created_before,
        None if wanted.min_duration is None else Video.duration >= wanted.min_duration,
        None if wanted.max_duration is None else Video.duration <= wanted.max_duration,
    ]
    if wanted.has_moments is not None:
        any_shown = exists().where(MomentRow.video_id == Video.id, is_shown())
        conditions.append(any_shown if wanted.has_moments else ~any_shown)
    return select(Video).where(*(each for each in conditions if each is not None))


def _host_is(host: str) -> ColumnElement[bool]:
    """Return the condition that a video is from a host, or from one below it; `upload`: from no URL."""
    if host == "upload":
        return Video.source_url.is_(None)
    found = func.lower(func.substring(Video.source_url, r"^[^:]+://(?:[^/@]*@)?([^/:?#]+)"))
    return or_(found == host.lower(), found.endswith(f".{host.lower()}", autoescape=True))


def _newest_run_is(statuses: Sequence[RunStatus]) -> ColumnElement[bool]:
    run = aliased(Run)
    return exists().where(run.id == _newest_run(), run.status.in_(statuses))


def _status_is(status: ShownStatus) -> ColumnElement[bool]:
    """Return the condition that a video stands so, as it is shown: one whose newest run failed never came."""
    if status == "ready":
        return Video.status == VideoStatus.READY
    failed = _newest_run_is([RunStatus.FAILED])
    return and_(Video.status == VideoStatus.PENDING, failed if status == "failed" else ~failed)
