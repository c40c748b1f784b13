"""Sets of moments: one a generation, of which a video's current one is what users see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Select, func, select, update

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import GenerationConfig, MomentRow, MomentSet, Run, Video
from moments_ray.errors import Conflict, NotFound
from moments_ray.ids import new_identifier
from moments_ray.library.queries.search import is_foremost
from moments_ray.states import SetStatus


class SetEntry(NamedTuple):
    """A set with the run and the model that made it, and how many moments it shows."""

    row: MomentSet
    run: str | None
    model: str | None
    moments: int


class Origin(NamedTuple):
    """Where a moment is from: its set, the run and the model that made it; None where a person added it."""

    set: str | None
    run: str | None
    model: str | None


class MomentSets:
    """Reads and writes of sets."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def of_run(self, video_key: int, run: str, config_key: int) -> MomentSet:
        """Return the set of what a run generates, made if it is not there."""
        run_key = select(Run.id).where(Run.identifier == run).scalar_subquery()
        found = await self._session.scalar(select(MomentSet).where(MomentSet.run_id == run_key))
        if found is None:
            found = MomentSet(
                identifier=new_identifier(), video_id=video_key, run_id=run_key, generation_config_id=config_key
            )
            self._session.add(found)
            await self._session.flush()
        return found

    async def lock(self, video_key: int) -> None:
        """Keep others from changing which set of a video is current, until the transaction ends."""
        await self._session.execute(select(Video.id).where(Video.id == video_key).with_for_update())

    async def promote(self, row: MomentSet) -> None:
        """Have users see a set in place of the one that they saw."""
        await self.lock(row.video_id)
        await self._session.execute(
            update(MomentSet)
            .where(MomentSet.video_id == row.video_id, MomentSet.status == SetStatus.CURRENT, MomentSet.id != row.id)
            .values(status=SetStatus.RETIRED)
        )
        await self._session.execute(
            update(MomentSet)
            .where(MomentSet.id == row.id)
            .values(status=SetStatus.CURRENT, promoted_at=func.now())
            .execution_options(synchronize_session=False)
        )
        await self._session.refresh(row)

    async def current(self, video_key: int) -> MomentSet | None:
        """Return the set that users see."""
        query = select(MomentSet).where(MomentSet.video_id == video_key, MomentSet.status == SetStatus.CURRENT)
        return (await self._session.scalars(query)).first()

    async def before_current(self, video_key: int) -> MomentSet:
        """Return the set that users saw before the one they see.

        Raises:
            Conflict: there is none.
        """
        found = await self._session.scalar(
            select(MomentSet)
            .where(MomentSet.video_id == video_key, MomentSet.status == SetStatus.RETIRED)
            .order_by(MomentSet.promoted_at.desc().nulls_last(), MomentSet.id.desc())
            .limit(1)
        )
        if found is None:
            raise Conflict("The video has no earlier set of moments to go back to.")
        return found

    async def get(self, identifier: str, video_key: int) -> MomentSet:
        """Return a set of a video.

        Raises:
            NotFound: there is no such one.
        """
        found = await self._session.scalar(
            select(MomentSet).where(MomentSet.identifier == identifier, MomentSet.video_id == video_key)
        )
        if found is None:
            raise NotFound(f"There is no set of moments {identifier} of this video.")
        return found

    async def made_by(self, run_key: int) -> MomentSet | None:
        """Return the set that a run made."""
        return (await self._session.scalars(select(MomentSet).where(MomentSet.run_id == run_key))).first()

    async def of_video(self, video_key: int) -> Sequence[SetEntry]:
        """Return a video's sets, the newest first."""
        return await self._entries(_entries().where(MomentSet.video_id == video_key))

    async def entry(self, row: MomentSet) -> SetEntry:
        """Return a set with what made it."""
        return (await self._entries(_entries().where(MomentSet.id == row.id)))[0]

    async def origins(self, moments: Sequence[int]) -> Mapping[int, Origin]:
        """Return where moments are from, by their keys."""
        query = (
            select(MomentRow.id, MomentSet.identifier, Run.identifier, GenerationConfig.model)
            .outerjoin(MomentSet, MomentSet.id == MomentRow.set_id)
            .outerjoin(Run, Run.id == MomentSet.run_id)
            .outerjoin(GenerationConfig, GenerationConfig.id == MomentRow.generation_config_id)
            .where(MomentRow.id.in_(moments))
        )
        return {key: Origin(*rest) for key, *rest in await self._session.execute(query)}

    async def _entries(self, query: Select[tuple[MomentSet, str, str, int]]) -> list[SetEntry]:
        return [SetEntry(*row) for row in await self._session.execute(query.order_by(MomentSet.id.desc()))]


def _entries() -> Select[tuple[MomentSet, str, str, int]]:
    shown = select(func.count()).where(MomentRow.set_id == MomentSet.id, is_foremost()).correlate(MomentSet)
    return (
        select(MomentSet, Run.identifier, GenerationConfig.model, shown.scalar_subquery())
        .outerjoin(Run, Run.id == MomentSet.run_id)
        .outerjoin(GenerationConfig, GenerationConfig.id == MomentSet.generation_config_id)
    )
