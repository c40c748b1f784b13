"""What still points at objects: a stage's output, a run's request, or a product's own rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.engine.queries.journal_statements import INTERRUPTED
from moments_ray.engine.queries.rows import Row

# Requests and outputs are JSON of several shapes; that a name stands somewhere in them is what counts.
_UNREFERENCED = """
    WITH concerned AS (
        SELECT runs.id, config FROM runs LEFT JOIN videos ON videos.id = runs.video_id
        WHERE subject = :subject OR videos.identifier = :subject
    ), said AS (
        SELECT config::text AS words FROM concerned
        UNION ALL SELECT output::text FROM run_stages WHERE run_id IN (SELECT id FROM concerned)
        UNION ALL SELECT output::text FROM run_items WHERE run_id IN (SELECT id FROM concerned)
        {pointers}
    )
    SELECT name FROM unnest(:names) name WHERE NOT EXISTS (SELECT 1 FROM said WHERE strpos(words, name) > 0)
"""
_QUIET = text("""
    SELECT NOT EXISTS (
        SELECT 1 FROM runs LEFT JOIN videos ON videos.id = runs.video_id
        WHERE (subject = :subject OR videos.identifier = :subject)
            AND runs.status IN ('queued', 'processing') AND runs.identifier <> :run
    )
""")
_ONLY_OF_VIDEO = text("""
    SELECT subject FROM runs LEFT JOIN videos ON videos.id = runs.video_id WHERE subject = ANY(:subjects)
    GROUP BY subject HAVING bool_and(coalesce(videos.identifier = :video, false))
""").bindparams(bindparam("subjects", type_=ARRAY(TEXT)))
_SUBJECTS = text("SELECT DISTINCT subject FROM runs WHERE subject = ANY(:subjects)").bindparams(
    bindparam("subjects", type_=ARRAY(TEXT))
)


async def interrupted(row: Row, run_key: int) -> bool:
    """Tell whether a stage or item of a run, or of another one about the same, was broken off.

    Only those leave objects that nothing points at; where several runs were at work, the last to end finds them.
    """
    found = await row(INTERRUPTED, run_key)
    return found is not None and bool(found["interrupted"])


class References:
    """Reads of what points at the objects of runs; a product with rows of its own adds what these point at.

    ``pointers`` are ``UNION ALL SELECT`` statements of names over rows of ``:subject``.
    """

    pointers: ClassVar[str] = ""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def existing(self, subjects: Sequence[str]) -> set[str]:
        """Return those of the subjects that still have a row."""
        return set(await self._session.scalars(_SUBJECTS, {"subjects": list(subjects)}))

    async def only_of_video(self, subjects: Sequence[str], video: str) -> list[str]:
        """Return those of the subjects whose rows go with those of a video: every run of theirs works on it."""
        return list(await self._session.scalars(_ONLY_OF_VIDEO, {"subjects": list(subjects), "video": video}))

    async def unreferenced(self, subject: str, names: Sequence[str]) -> list[str]:
        """Return those of a subject's objects that nothing points at."""
        statement = text(_UNREFERENCED.format(pointers=self.pointers)).bindparams(bindparam("names", type_=ARRAY(TEXT)))
        return list(await self._session.scalars(statement, {"subject": subject, "names": list(names)}))

    async def quiet(self, subject: str, run: str) -> bool:
        """Tell whether no other active run works on a subject."""
        return bool(await self._session.scalar(_QUIET, {"subject": subject, "run": run}))
