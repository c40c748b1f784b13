"""What a data set of moments is made of: moments that users see, what is said in them, and their clips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from moments_ray.database.session import ReadSession
from moments_ray.database.tables import (
    ClipRow,
    GenerationConfig,
    MomentRow,
    MomentSet,
    Thumbnail,
    TranscriptRow,
    Video,
)
from moments_ray.library.queries.search import is_shown
from moments_ray.states import ClipStatus, VideoStatus


class DatasetQueries:
    """Reads of ranges of the library; a range is of videos' keys."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def last_video(self) -> int:
        """Return the key of the newest video; 0 where there is none."""
        return await self._session.scalar(select(func.max(Video.id))) or 0

    async def moments(self, first: int, last: int) -> Sequence[Any]:
        """Return the moments that users see of videos from one key to another, with what made them."""
        of = aliased(MomentSet)  # what is shown asks for sets itself
        query = (
            select(MomentRow, Video, of.identifier, GenerationConfig.model)
            .join(Video, Video.id == MomentRow.video_id)
            .outerjoin(of, of.id == MomentRow.set_id)
            .outerjoin(
                GenerationConfig,
                GenerationConfig.id == func.coalesce(MomentRow.generation_config_id, of.generation_config_id),
            )
            .where(Video.id.between(first, last), Video.status != VideoStatus.DELETING, is_shown())
            .order_by(Video.id, MomentRow.start_time, MomentRow.id)
        )
        return (await self._session.execute(query)).all()

    async def transcripts(self, videos: Sequence[int]) -> dict[int, TranscriptRow]:
        """Return the newest transcripts of videos, by the videos' keys."""
        query = (
            select(TranscriptRow)
            .where(TranscriptRow.video_id.in_(videos))
            .distinct(TranscriptRow.video_id)
            .order_by(TranscriptRow.video_id, TranscriptRow.id.desc())
        )
        return {row.video_id: row for row in await self._session.scalars(query)}

    async def clips(self, moments: Sequence[int]) -> dict[int, list[tuple[ClipRow, str | None]]]:
        """Return the clips of moments with their pictures, by the moments' keys."""
        query = (
            select(ClipRow, Thumbnail.cloud_url)
            .outerjoin(Thumbnail, Thumbnail.clip_id == ClipRow.id)
            .where(ClipRow.moment_id.in_(moments), ClipRow.status == ClipStatus.COMPLETED)
            .order_by(ClipRow.id)
        )
        found: dict[int, list[tuple[ClipRow, str | None]]] = {key: [] for key in moments}
        for clip, picture in await self._session.execute(query):
            found[clip.moment_id].append((clip, picture))
        return found
