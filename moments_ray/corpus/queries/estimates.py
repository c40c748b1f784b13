"""What a backfill would come to, by what is stored and by what earlier runs took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import text

from moments_ray.corpus.manifest import Entry
from moments_ray.corpus.queries.standing import stands
from moments_ray.database.session import ReadSession

_LOOK = """
    SELECT count(*) FILTER (WHERE {stands}) AS known, count(*) FILTER (WHERE NOT {stands}) AS to_do,
        coalesce(sum(videos.duration) FILTER (WHERE NOT {stands}), 0) AS seconds,
        count(videos.duration) FILTER (WHERE NOT {stands}) AS measured
    FROM unnest(CAST(:canonicals AS text[])) AS l(canonical)
    LEFT JOIN videos ON videos.canonical_source = l.canonical AND videos.status <> 'deleting'
"""
_EXPERIENCE = text("""
    WITH recent AS (
        SELECT id, extract(epoch FROM completed_at - started_at) AS seconds FROM runs
        WHERE pipeline = :pipeline AND status IN ('completed', 'completed_with_errors') AND started_at IS NOT NULL
        ORDER BY id DESC LIMIT 500
    ), cost AS (
        SELECT sum(input_tokens + output_tokens) AS tokens, sum(usd) AS usd FROM run_attempts
        WHERE run_id IN (SELECT id FROM recent)
    ), media AS (
        SELECT avg(duration) AS duration, avg(bytes) AS bytes
        FROM (SELECT duration, bytes FROM videos WHERE duration IS NOT NULL ORDER BY id DESC LIMIT 1000) newest
    )
    SELECT (SELECT count(*) FROM recent) AS runs, (SELECT avg(seconds) FROM recent) AS seconds,
        (SELECT tokens FROM cost) AS tokens, (SELECT usd FROM cost) AS usd, media.duration, media.bytes FROM media
""")


class Standing(NamedTuple):
    """Of some sources: what is known, what is to be done, and the seconds of those of these that were measured."""

    known: int
    to_do: int
    seconds: float
    measured: int


class Experience(NamedTuple):
    """What a run and a video came to on average, as far as there were any."""

    runs: int
    seconds: float | None
    tokens: float | None
    usd: float | None
    media_seconds: float | None
    media_bytes: float | None


class Estimates:
    """Reads behind estimates."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def standing(self, entries: Sequence[Entry], mode: str, pipeline: str) -> Standing:
        """Return how some sources stand."""
        statement = text(_LOOK.format(stands=stands(mode, pipeline)))
        canonicals = [entry.canonical for entry in entries if entry.canonical is not None]
        row = (await self._session.execute(statement, {"canonicals": canonicals})).one()
        return Standing(row.known, row.to_do, float(row.seconds), row.measured)

    async def experience(self, pipeline: str) -> Experience:
        """Return what the newest runs of a pipeline came to."""
        row = (await self._session.execute(_EXPERIENCE, {"pipeline": pipeline})).one()
        per_run = [
            None if not row.runs or total is None else float(total) / row.runs for total in (row.tokens, row.usd)
        ]
        others = [None if value is None else float(value) for value in (row.seconds, row.duration, row.bytes)]
        return Experience(row.runs, others[0], per_run[0], per_run[1], others[1], others[2])
