"""How fast a backfill goes."""

from __future__ import annotations

from datetime import UTC, datetime

from moments_ray.corpus.queries.items import BackfillItems
from moments_ray.database.session import Database
from moments_ray.database.tables import Backfill

_WINDOW_SECONDS = 600.0


async def per_hour(database: Database, backfill: Backfill) -> float:
    """Return how many items' runs end an hour, by those of the last ten minutes of its work."""
    if backfill.started_at is None or backfill.completed_at is not None:
        return 0.0
    age = (datetime.now(UTC) - backfill.started_at).total_seconds()
    window = min(_WINDOW_SECONDS, max(age, 1.0))
    async with database.read() as session:
        ended = await BackfillItems(session).ended_since(backfill.id, window)
    return ended / window * 3600
