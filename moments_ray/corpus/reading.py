"""How the source of a backfill becomes its ledger: a batch at a time, each in a transaction, from where it was left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import islice
from typing import NamedTuple

from moments_ray.corpus.manifest import Entry, Line, entries_of, local_manifest, read_urls
from moments_ray.corpus.options import BackfillSource
from moments_ray.database.session import Database
from moments_ray.library.queries.video_lists import VideoFilter, VideoLists
from moments_ray.storage.object_store import ObjectStore

BATCH = 1000


class SourceBatch(NamedTuple):
    """Some entries, and the position that the source was read up to with them."""

    entries: Sequence[Entry]
    position: int


async def read_source(
    database: Database, store: ObjectStore, source: BackfillSource, after: int = 0, lines: int = 0
) -> AsyncIterator[SourceBatch]:
    """Yield what stands in a source behind a position, of which ``lines`` entries were read before.

    Raises:
        ObjectMissing: the manifest is not there.
        InvalidRequest: it is not what its name says, or has no such column.
    """
    if source.videos is not None:
        async for batch in _videos(database, _filter(source), after, lines):
            yield batch
    elif source.manifest is not None:
        async with local_manifest(store, source.manifest) as path:
            found = (line for line in read_urls(path, source.column) if line.number > after)
            while batch_of := await asyncio.to_thread(lambda: entries_of(list(islice(found, BATCH)))):
                yield SourceBatch(batch_of, batch_of[-1].line)
    else:
        urls = [Line(number, url.strip()) for number, url in enumerate(source.urls or (), 1) if number > after]
        for at in range(0, len(urls), BATCH):
            batch_of = await asyncio.to_thread(entries_of, urls[at : at + BATCH])
            yield SourceBatch(batch_of, batch_of[-1].line)


async def _videos(database: Database, wanted: VideoFilter, after: int, lines: int) -> AsyncIterator[SourceBatch]:
    while True:
        async with database.read() as session:
            rows = await VideoLists(session).sources_after(wanted, after, BATCH)
        if not rows:
            return
        entries = [
            Entry(lines + number, row.source_url or row.canonical_source, canonical=row.canonical_source)
            for number, row in enumerate(rows, 1)
        ]
        lines, after = lines + len(rows), rows[-1].id
        yield SourceBatch(entries, after)


def _filter(source: BackfillSource) -> VideoFilter:
    assert source.videos is not None  # noqa: S101 - asked for by who knows
    said = source.videos
    return VideoFilter(
        q=said.q,
        source=said.source,
        statuses=tuple(said.status),
        run_statuses=tuple(said.run_status),
        has_moments=said.has_moments,
        created_after=said.created_after,
        created_before=said.created_before,
        min_duration=said.min_duration,
        max_duration=said.max_duration,
    )
