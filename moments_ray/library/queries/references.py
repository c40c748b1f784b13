"""What still points at the objects of a video."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from sqlalchemy import select

from moments_ray.database.tables import Video
from moments_ray.engine.queries.references import References


class VideoReferences(References):
    """Reads of what points at the objects of videos."""

    pointers: ClassVar[str] = """
        UNION ALL SELECT cloud_url FROM videos WHERE identifier = :subject
        UNION ALL SELECT storyboard::text FROM videos WHERE identifier = :subject
        UNION ALL SELECT clips.cloud_url FROM clips JOIN videos ON videos.id = video_id
            WHERE videos.identifier = :subject
        UNION ALL SELECT t.cloud_url FROM thumbnails t LEFT JOIN clips ON clips.id = t.clip_id
            JOIN videos ON videos.id = coalesce(t.video_id, clips.video_id) WHERE videos.identifier = :subject
    """

    async def existing(self, subjects: Sequence[str]) -> set[str]:
        """Return those of the identifiers that are of videos."""
        return set(await self._session.scalars(select(Video.identifier).where(Video.identifier.in_(subjects))))

    async def only_of_video(self, subjects: Sequence[str], video: str) -> list[str]:  # noqa: ARG002 - as its base
        """Return none: another video's objects stay, whatever runs were about it."""
        return []

    async def quiet(self, subject: str, run: str) -> bool:
        """Tell whether no other active run works on a video, and let none begin until the transaction ends."""
        await self._session.execute(select(Video.id).where(Video.identifier == subject).with_for_update())
        return await super().quiet(subject, run)
