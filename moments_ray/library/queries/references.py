"""Which objects of a video something still points at: a row, a stage's output, or a run's request."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT

from moments_ray.database.session import ReadSession, WriteSession

_INTERRUPTED = text("""
    SELECT EXISTS (SELECT 1 FROM run_attempts WHERE run_id = :run AND status <> 'completed')
        OR EXISTS (SELECT 1 FROM run_items WHERE run_id = :run AND status <> 'completed')
""")

# Requests and outputs are JSON of several shapes; that a name stands somewhere in them is what counts.
_UNREFERENCED = text("""
    WITH told AS (
        SELECT config::text AS words FROM runs WHERE subject = :subject
        UNION ALL SELECT output::text FROM run_stages WHERE run_id IN (SELECT id FROM runs WHERE subject = :subject)
        UNION ALL SELECT output::text FROM run_items WHERE run_id IN (SELECT id FROM runs WHERE subject = :subject)
        UNION ALL SELECT cloud_url FROM videos WHERE identifier = :subject
        UNION ALL SELECT clips.cloud_url FROM clips JOIN videos ON videos.id = video_id
            WHERE videos.identifier = :subject
        UNION ALL SELECT t.cloud_url FROM thumbnails t LEFT JOIN clips ON clips.id = t.clip_id
            JOIN videos ON videos.id = coalesce(t.video_id, clips.video_id) WHERE videos.identifier = :subject
    )
    SELECT name FROM unnest(:names) name WHERE NOT EXISTS (SELECT 1 FROM told WHERE strpos(words, name) > 0)
""").bindparams(bindparam("names", type_=ARRAY(TEXT)))


class References:
    """Reads of what points at objects."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def interrupted(self, run_key: int) -> bool:
        """Tell whether some stage or item of a run was broken off: only those leave objects that nothing points at."""
        return bool(await self._session.scalar(_INTERRUPTED, {"run": run_key}))

    async def unreferenced(self, subject: str, names: Sequence[str]) -> list[str]:
        """Return those of a video's objects that nothing points at."""
        return list(await self._session.scalars(_UNREFERENCED, {"subject": subject, "names": list(names)}))
