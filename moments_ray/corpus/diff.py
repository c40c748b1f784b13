"""How what a backfill found differs from what users saw before, over all of its videos."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator

from moments_ray.corpus.comparison import Comparison, compared
from moments_ray.corpus.queries.sets import BackfillSets, SetPair
from moments_ray.database.session import Database

_BATCH = 500


async def differences(
    database: Database, backfill: int, after: int, limit: int | None = None
) -> AsyncIterator[tuple[SetPair, Comparison]]:
    """Yield the comparison of each video's two sets, behind an item, in the order of the source."""
    while limit is None or limit > 0:
        async with database.read() as session:
            sets = BackfillSets(session)
            pairs = await sets.pairs(backfill, after, _BATCH if limit is None else min(limit, _BATCH))
            keys = {each.id for pair in pairs for each in (pair.made, pair.other) if each is not None}
            spans = await sets.spans(sorted(keys))
        for pair in pairs:
            before = spans.get(pair.other.id, ()) if pair.other is not None else ()
            yield pair, compared(before, spans.get(pair.made.id, ()))
        if not pairs:
            return
        after = pairs[-1].item
        limit = None if limit is None else limit - len(pairs)


async def totals(database: Database, backfill: int) -> Counter[str]:
    """Return the sums over all videos: ``videos``, those that ``changed``, and moments of each kind."""
    sums: Counter[str] = Counter()
    async for _, found in differences(database, backfill, 0):
        sums += Counter(found.counts)
        sums["videos"] += 1
        sums["changed"] += bool(found.moved or found.new or found.gone)
    return sums
