"""Showing users the sets of moments that a backfill made, or those of before: a transaction a video."""

from __future__ import annotations

import contextlib
import time

from moments_ray.corpus.queries.backfills import Backfills
from moments_ray.corpus.queries.sets import BackfillSets, SetsTo
from moments_ray.database.tables import Backfill
from moments_ray.engine.environment import Environment
from moments_ray.errors import Conflict
from moments_ray.moments.queries.sets import MomentSets

_BATCH = 100


async def change_sets(environment: Environment, backfill: Backfill, until: float) -> bool:
    """Go on with what is being done with a backfill's sets, until a time of the monotonic clock; tell if it is done.

    What was changed is no longer to be changed, so that whoever comes next goes on where this was left.
    """
    sets_to: SetsTo = "promote" if backfill.sets_to == "promote" else "rollback"
    while time.monotonic() < until:
        async with environment.database.read() as session:
            left = await BackfillSets(session).to_change(backfill.id, sets_to, _BATCH)
        if not left:
            async with environment.database.begin() as session:
                await Backfills(session).change(backfill.id, f"backfill.{sets_to}_ended", sets_to=None)
            return True
        for video, run in left:
            await _change(environment, video, run, sets_to)
    return False


async def _change(environment: Environment, video: int, run: int, sets_to: SetsTo) -> None:
    """Change which set of a video is current, as things stand once its lock is held."""
    async with environment.database.begin() as session:
        sets = MomentSets(session)
        await sets.lock(video)
        made, current = await sets.made_by(run), await sets.current(video)
        if made is None:
            return  # deleted meanwhile
        is_shown = current is not None and current.id == made.id
        if sets_to == "promote" and not is_shown:
            await sets.promote(made)
        elif sets_to == "rollback" and is_shown:
            with contextlib.suppress(Conflict):  # the earlier one was deleted meanwhile
                await sets.promote(await sets.before_current(video))
