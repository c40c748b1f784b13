"""What was given up: the entries of the stream ``pipeline:dead``, which a person looks through, retries or clears."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import redis.asyncio as redis
from redis.exceptions import RedisError

from moments_ray.database.session import Database
from moments_ray.database.tables import Run
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.queue import DEAD_STREAM, Queue
from moments_ray.engine.runs.service import RunService
from moments_ray.errors import Conflict, NotFound, RedisUnavailable

_ENTRY_ID = re.compile(r"[0-9]{1,19}-[0-9]{1,19}")


@dataclass(frozen=True)
class DeadLetter:
    """One entry: its place in the stream, the run it is about where one could be read, why and when it was given up."""

    id: str
    run: str | None
    reason: str
    at: datetime | None


@dataclass(frozen=True)
class DeadPage:
    """Some entries, the newest first, with the runs they are about as these stand now."""

    letters: Sequence[DeadLetter]
    runs: Mapping[str, Run]
    next_id: str | None


class DeadLetters:
    """Reads and changes of the stream; what it says of a run is kept in PostgreSQL too."""

    def __init__(self, database: Database, client: redis.Redis, run_service: RunService) -> None:
        self._database = database
        self._redis = client
        self._run_service = run_service
        self._queue = Queue(client)

    async def page(self, after: str | None, limit: int) -> DeadPage:
        """Return entries older than ``after``, which is a page's ``next_id``.

        Raises:
            RedisUnavailable: Redis does not answer.
        """
        with _translated():
            newest = f"({after}" if after else "+"
            entries: list[Any] = await self._redis.xrevrange(DEAD_STREAM, max=newest, min="-", count=limit + 1) or []
        letters = [_letter(*entry) for entry in entries[:limit]]
        async with self._database.read() as session:
            runs = await Runs(session).of_identifiers({letter.run for letter in letters if letter.run})
        return DeadPage(letters, runs, letters[-1].id if len(entries) > limit else None)

    async def retry(self, name: str) -> Run:
        """Continue the run of an entry, or the run of this identifier, which is then no longer among the given-up.

        Raises:
            NotFound: there is no such entry, or its run is gone.
            Conflict: the entry is about no run, or the run is not one that can be continued.
            RedisUnavailable: Redis does not answer.
        """
        letter = await self._find(name)
        if letter.run is None:
            raise Conflict(
                f"Entry {letter.id} could not be read when it came ({letter.reason}): there is no run in it."
            )
        return await self._run_service.retry(letter.run)

    async def clear(self) -> int:
        """Forget every entry; return how many there were.

        Raises:
            RedisUnavailable: Redis does not answer.
        """
        with _translated():
            async with self._redis.pipeline(transaction=True) as transaction:
                transaction.xlen(DEAD_STREAM)
                transaction.delete(DEAD_STREAM)
                length, _ = await transaction.execute()
        return int(length)

    async def _find(self, name: str) -> DeadLetter:
        with _translated():
            ids = [name] if _ENTRY_ID.fullmatch(name) else await self._queue.dead_letter_ids(name)
            found: list[Any] = (ids and await self._redis.xrange(DEAD_STREAM, min=ids[-1], max=ids[-1])) or []
        if not found:
            raise NotFound(f"{name} is not among what was given up; see `moments dead list`.")
        return _letter(*found[0])


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        raise RedisUnavailable("Redis cannot be reached, and what was given up is there: try again.") from error


def _letter(entry: bytes, fields: Mapping[Any, Any]) -> DeadLetter:
    said = {name.decode("utf-8", "replace"): value.decode("utf-8", "replace") for name, value in fields.items()}
    try:
        at = datetime.fromisoformat(said.get("at", ""))
    except ValueError:  # somebody else's entry
        at = None
    return DeadLetter(entry.decode(), said.get("request_id") or None, said.get("reason", ""), at)
