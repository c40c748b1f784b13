"""The sets of moments that a backfill made, beside those that users saw before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import aliased

from moments_ray.corpus.comparison import Span
from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import BackfillItem, MomentRow, MomentSet, Video
from moments_ray.library.queries.search import is_foremost
from moments_ray.states import SetStatus

SetsTo = Literal["promote", "rollback"]


class SetPair(NamedTuple):
    """The set that a backfill made of a video, and the one that users see, or saw before, in its place."""

    item: int
    video: str
    made: MomentSet
    other: MomentSet | None


class BackfillSets:
    """Reads of the sets that a backfill made."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def to_change(self, backfill: int, sets_to: SetsTo, limit: int) -> list[tuple[int, int]]:
        """Return the keys of videos and runs whose sets are still to be changed, in the order of the source."""
        query = _made(backfill).with_only_columns(MomentSet.video_id, BackfillItem.run_id)
        query = query.where(_is_left(sets_to)).order_by(BackfillItem.id).limit(limit)
        return [(video, run) for video, run in await self._session.execute(query)]

    async def count_to_change(self, backfill: int, sets_to: SetsTo) -> int:
        """Return how many there are."""
        query = _made(backfill).where(_is_left(sets_to)).with_only_columns(func.count())
        return await self._session.scalar(query) or 0

    async def pairs(self, backfill: int, after: int, limit: int) -> list[SetPair]:
        """Return what a backfill made of videos beside what it stands against, in the order of the source."""
        other = aliased(MomentSet)
        against = (
            select(other.id)
            .where(
                other.video_id == MomentSet.video_id,
                other.id != MomentSet.id,
                or_(
                    other.status == SetStatus.CURRENT,
                    (MomentSet.status == SetStatus.CURRENT) & (other.status == SetStatus.RETIRED),
                ),
            )
            .order_by(other.promoted_at.desc().nulls_last(), other.id.desc())
            .limit(1)
            .correlate(MomentSet)
            .scalar_subquery()
        )
        query = (
            _made(backfill)
            .add_columns(BackfillItem.id, Video.identifier, other)
            .join(Video, Video.id == MomentSet.video_id)
            .outerjoin(other, other.id == against)
            .where(BackfillItem.id > after)
            .order_by(BackfillItem.id)
            .limit(limit)
        )
        return [SetPair(item, video, made, found) for made, item, video, found in await self._session.execute(query)]

    async def spans(self, sets: Sequence[int]) -> Mapping[int, Sequence[Span]]:
        """Return the moments of sets that users see of them, or would, by the sets' keys."""
        columns = (MomentRow.set_id, MomentRow.identifier, MomentRow.title, MomentRow.start_time, MomentRow.end_time)
        query = select(*columns).where(MomentRow.set_id.in_(sets), is_foremost())
        found: dict[int, list[Span]] = defaultdict(list)
        for key, *rest in await self._session.execute(query.order_by(MomentRow.start_time)):
            found[key].append(Span(*rest))
        return found


def _made(backfill: int) -> Select[tuple[MomentSet]]:
    return (
        select(MomentSet)
        .join(BackfillItem, BackfillItem.run_id == MomentSet.run_id)
        .where(BackfillItem.backfill_id == backfill)
    )


def _is_left(sets_to: SetsTo) -> ColumnElement[bool]:
    """Return the condition that a set is still to be changed: an empty one takes nothing away, and is not promoted."""
    if sets_to == "promote":
        anything = exists().where(MomentRow.set_id == MomentSet.id, MomentRow.deleted_at.is_(None))
        return (MomentSet.status != SetStatus.CURRENT) & anything
    earlier = aliased(MomentSet)
    there_is = exists().where(earlier.video_id == MomentSet.video_id, earlier.status == SetStatus.RETIRED)
    return (MomentSet.status == SetStatus.CURRENT) & there_is
