"""Moments, the options they were generated with, their clips and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import ClipRow, GenerationConfig, MomentRow, Prompt, Run, Thumbnail
from moments_ray.errors import NotFound
from moments_ray.ids import fingerprint
from moments_ray.library.queries.search import is_current, is_foremost


class Moments:
    """Reads and writes of moments and of what hangs on them."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def generation_config(
        self, *, user_prompt: str, system_prompt: str, transcript_key: int | None, sampling: Mapping[str, Any]
    ) -> int:
        """Return the key of these generation options, written once; ``sampling`` holds the model and its knobs."""
        prompt_hash = fingerprint({"user": user_prompt, "system": system_prompt})
        prompt = await self._once(
            Prompt, "prompt_hash", prompt_hash, user_prompt=user_prompt, system_prompt=system_prompt
        )
        config_hash = fingerprint({"prompt": prompt_hash, "transcript": transcript_key, **sampling})
        return await self._once(
            GenerationConfig,
            "config_hash",
            config_hash,
            prompt_id=prompt,
            transcript_id=transcript_key,
            **sampling,
        )

    async def put(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write moments; one that is there already is written over."""
        for row in rows:
            statement = insert(MomentRow).values(**row)
            kept = {name: value for name, value in row.items() if name not in {"identifier", "video_id"}}
            await self._session.execute(
                statement.on_conflict_do_update(index_elements=[MomentRow.identifier], set_=kept)
            )

    async def set_run_config(self, run: str, config_key: int) -> None:
        """Name the generation options of a run."""
        await self._session.execute(update(Run).where(Run.identifier == run).values(generation_config_id=config_key))

    async def key_of(self, identifier: str) -> int | None:
        """Return a moment's integer key."""
        return (await self._session.scalars(select(MomentRow.id).where(MomentRow.identifier == identifier))).first()

    async def by_identifiers(self, identifiers: Sequence[str]) -> dict[str, MomentRow]:
        """Return moments by identifier."""
        rows = await self._session.scalars(select(MomentRow).where(MomentRow.identifier.in_(identifiers)))
        return {row.identifier: row for row in rows}

    async def of_video(
        self, video_key: int, *, everything: bool = False, set_key: int | None = None
    ) -> list[MomentRow]:
        """Return a video's moments in time order: those a user should see, a refined one in place of its parent.

        With ``everything`` the parents come, too; with ``set_key`` those of a set instead of the current one's.
        """
        query = select(MomentRow).where(MomentRow.video_id == video_key, MomentRow.deleted_at.is_(None))
        query = query.where(is_current() if set_key is None else MomentRow.set_id == set_key)
        if not everything:
            query = query.where(is_foremost())
        return list(await self._session.scalars(query.order_by(MomentRow.start_time, MomentRow.id)))

    async def deleted(self, video_key: int) -> list[MomentRow]:
        """Return the moments of a video that can still be restored, those that were deleted last first."""
        query = select(MomentRow).where(MomentRow.video_id == video_key, MomentRow.deleted_at.is_not(None))
        return list(await self._session.scalars(query.order_by(MomentRow.deleted_at.desc(), MomentRow.start_time)))

    async def get(
        self, identifier: str, video_key: int | None = None, *, deleted: bool = False, lock: bool = False
    ) -> MomentRow:
        """Return a moment, of this video if one is named; with ``deleted`` although it was, with ``lock`` to change it.

        Raises:
            NotFound: there is none.
        """
        query = select(MomentRow).where(MomentRow.identifier == identifier)
        if video_key is not None:
            query = query.where(MomentRow.video_id == video_key)
        if not deleted:
            query = query.where(MomentRow.deleted_at.is_(None))
        if lock:
            query = query.with_for_update()
        moment = await self._session.scalar(query)
        if moment is None:
            raise NotFound(f"There is no moment {identifier}")
        return moment

    async def by_key(self, key: int) -> MomentRow | None:
        """Return the moment of a key."""
        return await self._session.get(MomentRow, key)

    async def identifiers(self, keys: Sequence[int]) -> dict[int, str]:
        """Return the public identifiers of moments by key."""
        rows = await self._session.execute(select(MomentRow.id, MomentRow.identifier).where(MomentRow.id.in_(keys)))
        return {row.id: row.identifier for row in rows}

    async def delete(self, key: int) -> None:
        """Have a moment and what was refined from it be gone, until somebody restores it."""
        there = and_(_tree_of(key), MomentRow.deleted_at.is_(None))
        await self._session.execute(update(MomentRow).where(there).values(deleted_at=func.now()))

    async def restore(self, moment: MomentRow) -> None:
        """Bring a moment back, and of what was refined from it whatever was deleted with it."""
        same = and_(_tree_of(moment.id), MomentRow.deleted_at == moment.deleted_at)
        await self._session.execute(
            update(MomentRow).where(same).values(deleted_at=None).execution_options(synchronize_session=False)
        )
        await self._session.refresh(moment)

    async def purge(self, kept: timedelta, limit: int) -> list[str]:
        """Delete moments for good that were deleted so long ago, and return the objects of their clips."""
        old = (
            select(MomentRow.id)
            .where(MomentRow.deleted_at < func.now() - kept)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        keys = (await self._session.scalars(old)).all()
        clips = select(ClipRow.id).where(ClipRow.moment_id.in_(keys))
        uris = [
            *await self._session.scalars(select(ClipRow.cloud_url).where(ClipRow.moment_id.in_(keys))),
            *await self._session.scalars(select(Thumbnail.cloud_url).where(Thumbnail.clip_id.in_(clips))),
        ]
        await self._session.execute(delete(MomentRow).where(MomentRow.id.in_(keys)))
        return [uri for uri in uris if uri is not None]

    async def put_clip(self, moment: str, preset: str, **values: Any) -> None:
        """Write a moment's clip in a preset, over the one it had."""
        row = {"moment_id": await self.key_of(moment), "preset": preset, **values}
        await self._session.execute(
            insert(ClipRow)
            .values(**row)
            .on_conflict_do_update(index_elements=[ClipRow.moment_id, ClipRow.preset], set_=values)
        )

    async def set_clip_thumbnail(self, clip: str, cloud_url: str) -> None:
        """Name the picture of a clip."""
        key = await self._session.scalar(select(ClipRow.id).where(ClipRow.identifier == clip))
        await self._session.execute(
            insert(Thumbnail)
            .values(clip_id=key, cloud_url=cloud_url)
            .on_conflict_do_update(index_elements=[Thumbnail.clip_id], set_={"cloud_url": cloud_url})
        )

    async def _once(self, table: type[Prompt | GenerationConfig], column: str, digest: str, **values: Any) -> int:
        """Return the key of the row with this hash, writing it if nobody has."""
        hashed = getattr(table, column)
        await self._session.execute(
            insert(table).values(**{column: digest}, **values).on_conflict_do_nothing(index_elements=[hashed])
        )
        key = await self._session.scalar(select(table.id).where(hashed == digest))
        assert key is not None  # noqa: S101 - it was there, or was written just now
        return key


def _tree_of(key: int) -> ColumnElement[bool]:
    """Return the condition that a moment is this one, or was refined from it."""
    tree = select(MomentRow.id).where(MomentRow.id == key).cte(recursive=True)
    child = aliased(MomentRow)
    tree = tree.union_all(select(child.id).where(child.parent_id == tree.c.id))
    return MomentRow.id.in_(select(tree.c.id))
