"""Videos: known by their canonical source, filled in when their bytes are here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from moments_ray.database.paging import Page, page_of
from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import Run, Thumbnail, Video
from moments_ray.engine.queries.rows import Row, entity_of
from moments_ray.errors import NotFound
from moments_ray.ids import VideoId, new_identifier
from moments_ray.states import RunStatus, VideoStatus

# $1 the identifier it has if it is new, $2 the canonical source, $3 its URL, $4 its title
_GET_OR_CREATE = """
WITH made AS (
    INSERT INTO videos (identifier, canonical_source, source_url, title) VALUES ($1, $2, $3, $4)
    ON CONFLICT (canonical_source) WHERE status <> 'deleting' DO NOTHING
    RETURNING *
)
SELECT * FROM made UNION ALL SELECT * FROM videos WHERE canonical_source = $2 AND status <> 'deleting'"""


async def get_or_create_video(
    row: Row, canonical_source: str, *, source_url: str | None = None, title: str | None = None
) -> tuple[Video, bool]:
    """Return the video of a source and whether it was made just now; two callers at once get the same one."""
    new = new_identifier()
    for _ in range(2):  # the first time it may have waited for another's, which only a later look sees
        if (found := await row(_GET_OR_CREATE, new, canonical_source, source_url, title)) is not None:
            return entity_of(Video, found), found["identifier"] == new
    raise NotFound("The video was deleted at this very moment; submit it again.")


class Videos:
    """Reads and writes of videos."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def of_source(self, canonical_source: str) -> Video | None:
        """Return the video of a source, if there is one."""
        found: Video | None = await self._session.scalar(
            select(Video).where(Video.canonical_source == canonical_source, Video.status != VideoStatus.DELETING.value)
        )
        return found

    async def get(self, identifier: str) -> Video:
        """Return a video.

        Raises:
            NotFound: there is none of this identifier.
        """
        video = await self._session.scalar(select(Video).where(Video.identifier == identifier))
        if video is None or video.status == VideoStatus.DELETING:
            raise NotFound(f"There is no video {identifier}")
        return video

    async def by_key(self, key: int) -> Video:
        """Return the video of a key that something points at."""
        return (await self._session.scalars(select(Video).where(Video.id == key))).one()

    async def key_of(self, identifier: VideoId | str) -> int:
        """Return a video's integer key.

        Raises:
            NotFound: there is none of this identifier.
        """
        return (await self.get(identifier)).id

    async def set_source(self, identifier: str, title: str | None, **values: Any) -> None:
        """Fill in what is known once a video's bytes are in the store; a title that was given by a person stays."""
        await self._session.execute(
            update(Video)
            .where(Video.identifier == identifier, Video.status != VideoStatus.DELETING.value)
            .values(title=func.coalesce(Video.title, title), status=VideoStatus.READY, **values)
        )

    async def set_title(self, identifier: str, title: str) -> None:
        """Give a video another title.

        Raises:
            NotFound: there is none of this identifier.
        """
        found = await self._session.scalar(
            update(Video)
            .where(Video.identifier == identifier, Video.status != VideoStatus.DELETING.value)
            .values(title=title)
            .returning(Video.id)
        )
        if found is None:
            raise NotFound(f"There is no video {identifier}.")

    async def set_thumbnail(self, identifier: str, cloud_url: str) -> None:
        """Name the picture of a video."""
        await self._session.execute(
            insert(Thumbnail)
            .values(video_id=await self.key_of(identifier), cloud_url=cloud_url)
            .on_conflict_do_update(index_elements=[Thumbnail.video_id], set_={"cloud_url": cloud_url})
        )

    async def failures(self, videos: Sequence[Video]) -> dict[int, dict[str, Any]]:
        """Return why the newest runs of videos failed whose bytes are not here, by the videos' keys."""
        waiting = [video.id for video in videos if video.status == VideoStatus.PENDING]
        if not waiting:
            return {}
        newest = (
            select(Run.video_id, Run.status, Run.error)
            .where(Run.video_id.in_(waiting))
            .distinct(Run.video_id)
            .order_by(Run.video_id, Run.id.desc())
        )
        found = await self._session.execute(newest)
        return {row.video_id: row.error for row in found if row.status == RunStatus.FAILED and row.error is not None}

    async def thumbnail(self, key: int) -> str | None:
        """Return the URI of a video's thumbnail."""
        found: str | None = await self._session.scalar(select(Thumbnail.cloud_url).where(Thumbnail.video_id == key))
        return found

    async def page(self, after: int | None, limit: int) -> Page[Video]:
        """Return videos that are not being deleted, the newest first."""
        query = select(Video).where(Video.status != VideoStatus.DELETING)
        return await page_of(self._session, query, Video.id, after, limit)

    async def deleting(self, limit: int) -> list[str]:
        """Return videos whose deletion was begun."""
        query = select(Video.identifier).where(Video.status == VideoStatus.DELETING).order_by(Video.id).limit(limit)
        return list(await self._session.scalars(query))

    async def begin_deletion(self, identifier: str) -> None:
        """Hide a video for good, and let its source be submitted as a new one.

        Raises:
            NotFound: there is none of this identifier.
        """
        found = await self._session.scalar(
            update(Video)
            .where(Video.identifier == identifier, Video.status != VideoStatus.DELETING.value)
            .values(status=VideoStatus.DELETING)
            .returning(Video.id)
        )
        if found is None:
            raise NotFound(f"There is no video {identifier}")

    async def delete(self, identifier: str) -> None:
        """Delete a video's row and, by cascade, all that belongs to it."""
        await self._session.execute(delete(Video).where(Video.identifier == identifier))
