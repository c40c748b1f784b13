"""Turns at a site, for the whole cluster: each request takes the next moment that is free."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from moments_ray.database.session import WriteSession
from moments_ray.database.tables import SiteVisit


class SiteVisits:
    """Writes of turns."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def take_turn(self, site: str, pause_seconds: float) -> float:
        """Reserve the next free moment at a site and return the seconds until it comes; nobody gets one twice."""
        pause = timedelta(seconds=pause_seconds)
        now = func.clock_timestamp()
        turn = await self._session.scalar(
            insert(SiteVisit)
            .values(site=site, free_at=now + pause)
            .on_conflict_do_update(
                index_elements=[SiteVisit.site],
                set_={"free_at": func.greatest(SiteVisit.free_at, now) + pause},
            )
            .returning(func.extract("epoch", SiteVisit.free_at - pause - now))
        )
        return max(0.0, float(turn or 0.0))
