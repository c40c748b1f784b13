"""Figures of the whole deployment: what there is, what waits, and what ended in the last day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select, text

from moments_ray.database.session import ReadSession
from moments_ray.database.tables import MomentRow
from moments_ray.library.queries.search import is_shown

# The hours are those of the last day, the present one last; hours in which nothing ended are there, too.
_FIGURES = text("""
WITH hours AS (
    SELECT generate_series(
        date_trunc('hour', now()) - interval '23 hours', date_trunc('hour', now()), interval '1 hour') AS hour
), ended AS (
    SELECT date_trunc('hour', completed_at) AS hour,
        count(*) FILTER (WHERE status LIKE 'completed%') AS completed,
        count(*) FILTER (WHERE status = 'failed') AS failed
    FROM runs WHERE completed_at >= now() - interval '24 hours' GROUP BY 1
), stood AS (SELECT status, count(*) AS n FROM runs GROUP BY status),
waiting AS (SELECT priority, count(*) AS n FROM runs WHERE status = 'queued' GROUP BY priority),
pace AS (
    SELECT extract(epoch FROM runs.completed_at - runs.started_at) / (videos.duration / 60) AS seconds
    FROM runs JOIN videos ON videos.id = runs.video_id
    WHERE pipeline = 'moments' AND runs.status LIKE 'completed%' AND videos.duration > 0
        AND runs.completed_at >= now() - interval '24 hours'
)
SELECT
    (SELECT count(*) FROM videos WHERE status <> 'deleting') AS videos,
    (SELECT coalesce(sum(duration), 0) / 3600 FROM videos WHERE status <> 'deleting') AS video_hours,
    (SELECT count(*) FROM clips WHERE status = 'completed') AS clips,
    (SELECT coalesce(jsonb_object_agg(status, n), '{}') FROM stood) AS runs,
    (SELECT coalesce(jsonb_object_agg(priority, n), '{}') FROM waiting) AS waiting_by_priority,
    (SELECT extract(epoch FROM now() - min(queued_at)) FROM runs WHERE status = 'queued') AS oldest_waiting_seconds,
    (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) FROM pace) AS seconds_a_minute,
    (SELECT jsonb_agg(jsonb_build_object('hour', hour, 'completed', coalesce(completed, 0),
        'failed', coalesce(failed, 0)) ORDER BY hour) FROM hours LEFT JOIN ended USING (hour)) AS last_day
""")


class Statistics:
    """Reads of figures over all videos, moments, clips and runs."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def figures(self) -> Mapping[str, Any]:
        """Return every figure by its name."""
        row = (await self._session.execute(_FIGURES)).mappings().one()
        shown = await self._session.scalar(select(func.count()).select_from(MomentRow).where(is_shown()))
        return {**row, "moments": shown}
