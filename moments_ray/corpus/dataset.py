"""A data set of moments as Parquet: a row a moment, with its words, figures and the names of its clips.

It is written in parts, each of the videos of one range of keys, so that an export that was broken off goes on after
its last whole part.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pyarrow as pa
from pyarrow.parquet import write_table

from moments_ray.corpus.queries.dataset import DatasetQueries
from moments_ray.database.session import Database
from moments_ray.database.tables import ClipRow, TranscriptRow
from moments_ray.storage.object_store import ObjectStore

VIDEOS_A_PART = 500

_WORD = pa.struct([("word", pa.string()), ("start", pa.float64()), ("end", pa.float64())])
_CLIP = pa.struct(
    [
        *((name, pa.string()) for name in ("identifier", "preset", "uri", "thumbnail_uri", "method", "checksum")),
        *((name, pa.float64()) for name in ("start_time", "end_time")),
        ("bytes", pa.int64()),
    ]
)
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("video", "video_title", "source_url", "language", "transcriber")),
        ("video_duration", pa.float64()),
        *((name, pa.string()) for name in ("moment", "title", "reason", "set", "model")),
        *((name, pa.float64()) for name in ("start_time", "end_time", "score")),
        ("is_refined", pa.bool_()),
        ("edited", pa.bool_()),
        ("text", pa.string()),
        ("words", pa.list_(_WORD)),
        ("clips", pa.list_(_CLIP)),
    ],
    metadata={"times": "seconds from the start of the video; words of the range, by their own times"},
)


class Part(NamedTuple):
    """A part of a data set; ``moments`` is None where it was there already."""

    name: str
    moments: int | None


class Target(Protocol):
    """Where parts are written."""

    async def has(self, name: str) -> bool:
        """Tell whether a part is there, whole."""

    async def put(self, name: str, path: Path) -> None:
        """Write a part, whole or not at all."""


class StoreTarget:
    """A folder of the object store."""

    def __init__(self, store: ObjectStore, folder: str) -> None:
        self._store = store
        self._folder = folder

    async def has(self, name: str) -> bool:
        """Tell whether a part is there, whole."""
        return await self._store.exists(f"{self._folder}/{name}")

    async def put(self, name: str, path: Path) -> None:
        """Write a part, whole or not at all."""
        await self._store.put_file(f"{self._folder}/{name}", path, content_type="application/vnd.apache.parquet")


class DirectoryTarget:
    """A directory of this machine."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def has(self, name: str) -> bool:
        """Tell whether a part is there, whole."""
        return await asyncio.to_thread((self._directory / name).exists)

    async def put(self, name: str, path: Path) -> None:
        """Write a part, whole or not at all."""
        await asyncio.to_thread(self._put, name, path.read_bytes())

    def _put(self, name: str, data: bytes) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        beside = self._directory / f".{name}"
        beside.write_bytes(data)
        beside.replace(self._directory / name)


async def export_dataset(database: Database, target: Target, *, force: bool = False) -> AsyncIterator[Part]:
    """Write the moments that users see, a part at a time; one that is there stays unless ``force`` is given.

    The last part is always written again: its range may have got further videos.
    """
    async with database.read() as session:
        last = await DatasetQueries(session).last_video()
    for first in range(1, last + 1, VIDEOS_A_PART):
        name = f"part-{first:012d}.parquet"
        is_last = first + VIDEOS_A_PART > last
        if not (force or is_last) and await target.has(name):
            yield Part(name, None)
            continue
        rows = await _rows(database, first, first + VIDEOS_A_PART - 1)
        if rows:
            with tempfile.TemporaryDirectory(prefix="moments-dataset-") as directory:
                path = Path(directory) / name
                await asyncio.to_thread(_write, rows, path)
                await target.put(name, path)
            yield Part(name, len(rows))


def _write(rows: Sequence[dict[str, Any]], path: Path) -> None:
    write_table(pa.Table.from_pylist(list(rows), schema=SCHEMA), path, compression="zstd")


async def _rows(database: Database, first: int, last: int) -> list[dict[str, Any]]:
    async with database.read() as session:
        queries = DatasetQueries(session)
        moments = await queries.moments(first, last)
        transcripts = await queries.transcripts(sorted({moment.video_id for moment, *_ in moments}))
        clips = await queries.clips([moment.id for moment, *_ in moments])
    return [
        {
            "video": video.identifier,
            "video_title": video.title,
            "source_url": video.source_url,
            "video_duration": video.duration,
            "moment": moment.identifier,
            "title": moment.title,
            "reason": moment.reason,
            "set": of_set,
            "model": model,
            "start_time": moment.start_time,
            "end_time": moment.end_time,
            "score": moment.score,
            "is_refined": moment.is_refined,
            "edited": moment.version > 1,
            "clips": [_clip(*clip) for clip in clips[moment.id]],
            **_said(transcripts.get(moment.video_id), moment.start_time, moment.end_time),
        }
        for moment, video, of_set, model in moments
    ]


def _clip(clip: ClipRow, picture: str | None) -> dict[str, Any]:
    names = ("identifier", "preset", "method", "checksum", "start_time", "end_time", "bytes")
    return {name: getattr(clip, name) for name in names} | {"uri": clip.cloud_url, "thumbnail_uri": picture}


def _said(transcript: TranscriptRow | None, start: float, end: float) -> dict[str, Any]:
    """Return what is said within a range: the words whose middle lies in it."""
    if transcript is None:
        return {"language": None, "transcriber": None, "text": None, "words": []}
    words = [
        {name: word[name] for name in ("word", "start", "end")}
        for word in transcript.word_timestamps
        if start <= (word["start"] + word["end"]) / 2 < end
    ]
    text = " ".join(str(word["word"]).strip() for word in words)
    return {"language": transcript.language, "transcriber": transcript.engine, "text": text, "words": words}
