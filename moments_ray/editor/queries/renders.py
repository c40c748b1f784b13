"""Renders: which film a run makes, and where it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import Asset, LostRender, Project, Render, Run, RunItem, RunStage, Video
from moments_ray.errors import NotFound
from moments_ray.states import ACTIVE_RUN, StageStatus

_LOST_FOR = timedelta(days=1)


class Renders:
    """Reads and writes of renders."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def put(self, project_key: int, run: str, **values: Any) -> None:
        """Write that a run renders a project, once."""
        run_key = select(Run.id).where(Run.identifier == run).scalar_subquery()
        row = {"project_id": project_key, "run_id": run_key, **values}
        await self._session.execute(insert(Render).values(**row).on_conflict_do_nothing(index_elements=[Render.run_id]))

    async def publish(self, run: str, output_name: str, output_url: str) -> None:
        """Name the film that a run made."""
        run_key = select(Run.id).where(Run.identifier == run).scalar_subquery()
        await self._session.execute(
            update(Render).where(Render.run_id == run_key).values(output_name=output_name, output_url=output_url)
        )

    async def get(self, run: str) -> tuple[Render, Run, Project]:
        """Return what a run renders.

        Raises:
            NotFound: it renders nothing.
        """
        query = select(Render, Run, Project).join(Run, Run.id == Render.run_id)
        query = query.join(Project, Project.id == Render.project_id)
        found = (await self._session.execute(query.where(Run.identifier == run))).first()
        if found is None:
            raise NotFound(f"There is no render {run}: it never was, or it went with its project or video.")
        return found[0], found[1], found[2]

    async def named(self, output_name: str) -> str | None:
        """Return the object of a film by its name in /media/final/; None where it names no film."""
        return await self._session.scalar(select(Render.output_url).where(Render.output_name == output_name))

    async def newest(self, projects: Sequence[int]) -> dict[int, tuple[Render, Run]]:
        """Return the newest render of each of some projects, by their keys."""
        query = select(Render, Run).join(Run, Run.id == Render.run_id).where(Render.project_id.in_(projects))
        query = query.distinct(Render.project_id).order_by(Render.project_id, Render.id.desc())
        return {render.project_id: (render, run) for render, run in (await self._session.execute(query)).tuples()}

    async def active_of_asset(self, asset: Asset) -> list[str]:
        """Return the runs under way that render projects of an asset."""
        query = (
            select(Run.identifier).join(Render, Render.run_id == Run.id).join(Project, Project.id == Render.project_id)
        )
        active = Run.status.in_([status.value for status in ACTIVE_RUN])
        return list(await self._session.scalars(query.where(Project.asset_id == asset.id, active)))

    async def active_of_video(self, video: str) -> list[tuple[Render, Run, Project]]:
        """Return the renders under way of a video's projects."""
        query = select(Render, Run, Project).join(Run, Run.id == Render.run_id)
        query = query.join(Project, Project.id == Render.project_id).join(Video, Video.id == Run.video_id)
        active = Run.status.in_([status.value for status in ACTIVE_RUN])
        return [*(await self._session.execute(query.where(Video.identifier == video, active))).tuples()]

    async def lose(self, run: str, **values: Any) -> None:
        """Write down a render whose rows are about to go."""
        await self._session.execute(insert(LostRender).values(job_id=run, **values).on_conflict_do_nothing())

    async def forget_lost(self) -> None:
        """Delete the lost renders that are older than a day."""
        await self._session.execute(delete(LostRender).where(LostRender.lost_at < func.now() - _LOST_FOR))

    async def lost(self, run: str) -> LostRender | None:
        """Return a render whose video was deleted under it within the last day."""
        known = LostRender.lost_at >= func.now() - _LOST_FOR
        found: LostRender | None = await self._session.scalar(select(LostRender).where(LostRender.job_id == run, known))
        return found

    async def stages(self, run: Run) -> dict[str, RunStage]:
        """Return the stages of a run by name."""
        return {row.name: row for row in await self._session.scalars(select(RunStage).where(RunStage.run_id == run.id))}

    async def first_failure(self, run: Run) -> dict[str, Any] | None:
        """Return what the first piece of a run that failed did so with."""
        failed = (RunItem.run_id == run.id, RunItem.status == StageStatus.FAILED)
        found: dict[str, Any] | None = await self._session.scalar(
            select(RunItem.error).where(*failed).order_by(RunItem.ordinal).limit(1)
        )
        return found

    async def unfinished(self, run: Run, stage: str) -> str | None:
        """Return the segment of the first piece of a run that is still to be rendered; None where none is planned."""
        same = (RunItem.run_id == run.id, RunItem.stage == stage, RunItem.status != StageStatus.COMPLETED)
        found: str | None = await self._session.scalar(
            select(RunItem.spec["segment"].astext).where(*same).order_by(RunItem.ordinal).limit(1)
        )
        return found

    async def pieces(self, run: Run, stage: str) -> tuple[list[dict[str, Any]], int]:
        """Return what a run rendered so far, in order, and of how many pieces."""
        same = (RunItem.run_id == run.id, RunItem.stage == stage)
        done = select(RunItem.output).where(*same, RunItem.status == StageStatus.COMPLETED).order_by(RunItem.ordinal)
        total = await self._session.scalar(select(func.count()).where(*same))
        return [output for output in await self._session.scalars(done) if output is not None], total or 0
