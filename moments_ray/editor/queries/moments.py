"""The moments of a video, as far as a template cuts by them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import aliased

from moments_ray.database.session import ReadSession
from moments_ray.database.tables import MomentRow, MomentSet
from moments_ray.states import SetStatus


async def current_moments(session: ReadSession, video_key: int) -> list[tuple[float, float]]:
    """Return start and end (seconds) of what users see of a video, in order: refined ones in place of their parents."""
    child = aliased(MomentRow)
    replaced = select(child.id).where(child.parent_id == MomentRow.id, child.deleted_at.is_(None)).exists()
    query = (
        select(MomentRow.start_time, MomentRow.end_time)
        .join(MomentSet, MomentSet.id == MomentRow.set_id)
        .where(MomentRow.video_id == video_key, MomentSet.status == SetStatus.CURRENT)
        .where(MomentRow.deleted_at.is_(None), ~replaced)
        .order_by(MomentRow.start_time)
    )
    return [(row.start_time, row.end_time) for row in await session.execute(query)]
