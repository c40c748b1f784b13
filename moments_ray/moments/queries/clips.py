"""Clips, found by the moments and the videos that they are of."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import ClipRow, MomentRow, Thumbnail

_TOLERANCE = 0.11  # seconds: a clip begins at the first frame of its moment


class ClipQueries:
    """Reads of clips."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def clips_of_video(self, video_key: int) -> list[tuple[MomentRow, ClipRow]]:
        """Return every clip of a video with its moment, in time order."""
        rows = await self._session.execute(
            select(MomentRow, ClipRow)
            .join(ClipRow, ClipRow.moment_id == MomentRow.id)
            .where(MomentRow.video_id == video_key)
            .order_by(MomentRow.start_time, ClipRow.id)
        )
        return [(moment, clip) for moment, clip in rows]

    async def clips_of(self, moment_keys: Sequence[int]) -> dict[int, list[ClipRow]]:
        """Return clips by their moment's key, the oldest first."""
        found: dict[int, list[ClipRow]] = {key: [] for key in moment_keys}
        query = select(ClipRow).where(ClipRow.moment_id.in_(moment_keys)).order_by(ClipRow.id)
        for clip in await self._session.scalars(query):
            found[clip.moment_id].append(clip)
        return found

    async def thumbnails(self, clip_keys: Sequence[int]) -> dict[int, str]:
        """Return the URIs of clips' pictures, by the clips' keys."""
        query = select(Thumbnail.clip_id, Thumbnail.cloud_url).where(Thumbnail.clip_id.in_(clip_keys))
        return {key: uri for key, uri in (await self._session.execute(query)).tuples() if key is not None}


def is_stale(clip: ClipRow, moment: MomentRow) -> bool:
    """Tell whether a moment's edges are others than when its clip was cut."""
    if clip.moment_start_time is None or clip.moment_end_time is None:  # it was cut before that was written down
        start, end = clip.start_time + clip.padding_left, clip.end_time - clip.padding_right
        return abs(start - moment.start_time) > _TOLERANCE or abs(end - moment.end_time) > _TOLERANCE
    return (clip.moment_start_time, clip.moment_end_time) != (moment.start_time, moment.end_time)
