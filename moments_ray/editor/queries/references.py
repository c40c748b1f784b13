"""What points at the objects of projects, and of assets that somebody agreed to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from sqlalchemy import select

from moments_ray.database.tables import Asset, Project, Video
from moments_ray.engine.queries.references import References


class ProjectReferences(References):
    """Reads of what points at the objects of projects."""

    pointers: ClassVar[str] = """
        UNION ALL SELECT output_url FROM renders JOIN projects ON projects.id = project_id
            WHERE projects.identifier = :subject
    """

    async def existing(self, subjects: Sequence[str]) -> set[str]:
        """Return those of the identifiers that are of projects."""
        query = select(Project.identifier).where(Project.identifier.in_(subjects))
        return set(await self._session.scalars(query))

    async def only_of_video(self, subjects: Sequence[str], video: str) -> list[str]:
        """Return those of the projects that go with a video."""
        query = select(Project.identifier).join(Asset, Asset.id == Project.asset_id)
        query = query.join(Video, Video.id == Asset.video_id)
        return list(
            await self._session.scalars(query.where(Video.identifier == video, Project.identifier.in_(subjects)))
        )


class ConsentReferences(References):
    """Reads of what points at signed documents, which live in a folder an asset."""

    pointers: ClassVar[str] = """
        UNION ALL SELECT document_url FROM consents JOIN assets ON assets.id = asset_id
            WHERE assets.identifier = :subject
    """

    async def existing(self, subjects: Sequence[str]) -> set[str]:
        """Return those of the identifiers that are of assets."""
        return set(await self._session.scalars(select(Asset.identifier).where(Asset.identifier.in_(subjects))))

    async def only_of_video(self, subjects: Sequence[str], video: str) -> list[str]:
        """Return those of the assets that go with a video."""
        query = select(Asset.identifier).join(Video, Video.id == Asset.video_id)
        return list(await self._session.scalars(query.where(Video.identifier == video, Asset.identifier.in_(subjects))))
