"""Sets of moments that nobody sees and nobody would go back to."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, text
from sqlalchemy.types import Interval

from moments_ray.database.session import ReadSession, WriteSession

# A set that was replaced or never shown, but for the one that a rollback would bring back.
_OUTDATED = """
    SELECT s.id, s.video_id FROM moment_sets s
    WHERE s.status <> 'current' AND greatest(s.created_at, s.promoted_at) < now() - :age
        AND s.id IS DISTINCT FROM (
            SELECT r.id FROM moment_sets r WHERE r.video_id = s.video_id AND r.status = 'retired'
            ORDER BY r.promoted_at DESC NULLS LAST, r.id DESC LIMIT 1
        )
        AND EXISTS (SELECT FROM moments m WHERE m.set_id = s.id AND m.deleted_at IS NULL)
"""
_AGE = bindparam("age", type_=Interval)
_COUNT = text(f"""
    WITH outdated AS ({_OUTDATED})
    SELECT (SELECT count(*) FROM outdated) AS sets, count(DISTINCT m.id) AS moments, count(c.id) AS clips,
        coalesce(sum(c.bytes), 0) AS bytes
    FROM moments m LEFT JOIN clips c ON c.moment_id = m.id
    WHERE m.deleted_at IS NULL AND m.set_id IN (SELECT id FROM outdated)
""").bindparams(_AGE)  # noqa: S608 - of constants
_DELETE = text(f"""
    WITH outdated AS ({_OUTDATED} ORDER BY s.id LIMIT :limit)
    UPDATE moments SET deleted_at = now() FROM outdated
    WHERE moments.set_id = outdated.id AND moments.deleted_at IS NULL RETURNING moments.set_id
""").bindparams(_AGE)  # noqa: S608 - of constants


class Outdated(NamedTuple):
    """What could be pruned; ``bytes`` are of clips."""

    sets: int
    moments: int
    clips: int
    bytes: int


class Pruning:
    """Reads and writes of outdated sets."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def outdated(self, age: timedelta) -> Outdated:
        """Return what was replaced, or never shown, for so long."""
        row = (await self._session.execute(_COUNT, {"age": age})).one()
        return Outdated(row.sets, row.moments, row.clips, int(row.bytes))

    async def delete(self, age: timedelta, limit: int) -> int:
        """Delete the moments of some of these sets, as a person would; return of how many sets."""
        return len(set(await self._session.scalars(_DELETE, {"age": age, "limit": limit})))
