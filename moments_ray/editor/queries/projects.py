"""Assets and projects, and the timelines that a project has had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import Asset, Project, Run, TimelineVersion, Video
from moments_ray.errors import Conflict, NotFound
from moments_ray.ids import new_identifier
from moments_ray.states import VideoStatus

_KEPT_VERSIONS = 50
_LONGEST_NUMBER = 18


@dataclass(frozen=True)
class ProjectRecord:
    """A project with its asset and the video that this is."""

    project: Project
    asset: Asset
    video: Video


class Projects:
    """Reads and writes of assets and projects."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def asset_of(self, video_key: int, *, ingest_name: str, thumbnail_name: str) -> Asset:
        """Return the asset that a video is, made now if it is none yet."""
        await self._session.execute(
            insert(Asset)
            .values(
                identifier=new_identifier(), video_id=video_key, ingest_name=ingest_name, thumbnail_name=thumbnail_name
            )
            .on_conflict_do_nothing(index_elements=[Asset.video_id])
        )
        return (await self._session.scalars(select(Asset).where(Asset.video_id == video_key))).one()

    async def asset(self, reference: str) -> tuple[Asset, Video]:
        """Return an asset by its number or identifier, with its video.

        Raises:
            NotFound: there is none.
        """
        number = number_of(reference)
        wanted = Asset.identifier == reference if number is None else Asset.id == number
        return await self._one_asset(wanted, f"There is no asset {reference}.")

    async def asset_named(self, name: str) -> tuple[Asset, Video]:
        """Return the asset whose source, or whose picture, has a name in /media/; raises as ``asset``."""
        wanted = (Asset.ingest_name == name) | (Asset.thumbnail_name == name)
        return await self._one_asset(wanted, "There is no such file.")

    async def _one_asset(self, wanted: Any, missing: str) -> tuple[Asset, Video]:
        query = select(Asset, Video).join(Video, Video.id == Asset.video_id)
        found = (await self._session.execute(query.where(wanted, Video.status != VideoStatus.DELETING))).first()
        if found is None:
            raise NotFound(missing)
        return found[0], found[1]

    async def create(self, asset: Asset, title: str) -> Project:
        """Make a project of an asset."""
        values = {"identifier": new_identifier(), "title": title, "asset_id": asset.id}
        made = await self._session.scalar(insert(Project).values(**values).returning(Project))
        assert made is not None  # noqa: S101 - an insert returns its row
        return made

    async def get(self, reference: str) -> ProjectRecord:
        """Return a project by its number or identifier.

        Raises:
            NotFound: there is none, or its video is being deleted.
        """
        number = number_of(reference)
        wanted = Project.identifier == reference if number is None else Project.id == number
        found = (await self._session.execute(_records().where(wanted))).first()
        if found is None:
            raise NotFound(f"There is no project {reference}.")
        return ProjectRecord(*found)

    async def page(self, limit: int, offset: int) -> tuple[list[ProjectRecord], int]:
        """Return some projects, the newest first, and how many there are."""
        query = _records().order_by(Project.id.desc()).limit(limit).offset(offset)
        rows = [ProjectRecord(*row) for row in await self._session.execute(query)]
        total = await self._session.scalar(select(func.count()).select_from(_records().subquery()))
        return rows, total or 0

    async def newest_runs(self, subjects: Sequence[str]) -> dict[str, Run]:
        """Return the newest run about each of some projects, by their identifiers."""
        query = select(Run).where(Run.subject.in_(subjects)).distinct(Run.subject).order_by(Run.subject, Run.id.desc())
        return {run.subject: run for run in await self._session.scalars(query)}

    async def delete(self, project: Project) -> None:
        """Delete a project with its timelines and renders; its runs stay, for they are of its video, too."""
        await self._session.execute(delete(Project).where(Project.id == project.id))

    async def save(self, project: Project, timeline: dict[str, Any], made_by: str, **values: Any) -> int:
        """Make a timeline the project's newest, and return its version.

        ``project`` is as its caller read it. The last fifty versions are kept.

        Raises:
            Conflict: another one was saved meanwhile.
        """
        version = await self._session.scalar(
            update(Project)
            .where(Project.id == project.id, Project.version == project.version)
            .values(timeline=timeline, version=Project.version + 1, **values)
            .returning(Project.version)
        )
        if version is None:
            raise Conflict("Somebody saved this timeline meanwhile: read it again.", {"version": project.version + 1})
        row = {"project_id": project.id, "version": version, "timeline": timeline, "made_by": made_by}
        await self._session.execute(insert(TimelineVersion).values(**row))
        old = TimelineVersion.version <= version - _KEPT_VERSIONS
        await self._session.execute(delete(TimelineVersion).where(TimelineVersion.project_id == project.id, old))
        return int(version)

    async def versions(self, project: Project) -> list[TimelineVersion]:
        """Return the timelines that a project has or had, the newest first."""
        query = select(TimelineVersion).where(TimelineVersion.project_id == project.id)
        return list(await self._session.scalars(query.order_by(TimelineVersion.version.desc())))

    async def version(self, project: Project, version: int) -> TimelineVersion:
        """Return one of them.

        Raises:
            NotFound: it has not had such a one, or it is too old.
        """
        same = (TimelineVersion.project_id == project.id, TimelineVersion.version == version)
        found = await self._session.scalar(select(TimelineVersion).where(*same))
        if found is None:
            raise NotFound(f"This project has no version {version} of its timeline.")
        return found


def number_of(reference: str) -> int | None:
    """Return the number that a reference is, None for an identifier, and for more digits than a key has."""
    return int(reference) if reference.isdecimal() and len(reference) <= _LONGEST_NUMBER else None


def _records() -> Any:
    query = select(Project, Asset, Video).join(Asset, Asset.id == Project.asset_id)
    return query.join(Video, Video.id == Asset.video_id).where(Video.status != VideoStatus.DELETING)
