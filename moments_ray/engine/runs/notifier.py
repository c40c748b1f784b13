"""Hearing that something happened in a run: one subscription and one look a process, however many listen."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import Iterator

import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError

from moments_ray.database.session import Database
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.live_status import PROGRESS_CHANNEL, STATUS_CHANNEL
from moments_ray.errors import ServiceUnavailable

log = structlog.get_logger()

_TIMEOUT_SECONDS = 5.0  # a client's own socket timeout would count silence as an outage
_POLL_SECONDS = 5.0
_PAUSE_SECONDS = 1.0  # between tries to reach a Redis that is away


class RunNotifier:
    """A bell, not a mailbox: it says that a run moved, and what happened is read from PostgreSQL.

    So nothing is queued for a slow listener, and a message that Redis lost only makes its listeners look later: now and
    then PostgreSQL is asked which of all the runs that are listened to moved.
    """

    def __init__(self, client: redis.Redis, database: Database) -> None:
        self._redis = client
        self._database = database
        self._listeners: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._seen: dict[str, int] = {}
        self._listening: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def listener(self, run: str) -> Iterator[asyncio.Event]:
        """Give an event that is set whenever the run moved; its owner clears it before looking."""
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._attend())
        moved = asyncio.Event()
        self._listeners[run].add(moved)
        try:
            yield moved
        finally:
            self._listeners[run].discard(moved)
            if not self._listeners[run]:
                del self._listeners[run]

    async def close(self) -> None:
        """Stop listening."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    async def _attend(self) -> None:
        while True:
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._listen())
                    both.create_task(self._look())
            except ExceptionGroup:
                log.exception("notifier.failed")  # whoever listens would wait for ever
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear()
            except RedisError as error:
                log.warning("notifier.subscription_failed", error=str(error))
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _hear(self) -> None:
        async with self._redis.pubsub(ignore_subscribe_messages=True) as subscription:
            await subscription.subscribe(STATUS_CHANNEL, PROGRESS_CHANNEL)
            while True:
                message = await subscription.get_message(timeout=_TIMEOUT_SECONDS)
                if message is not None:
                    self._wake(_run_of(message["data"]))

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_POLL_SECONDS)
            try:
                async with self._database.read() as session:
                    standing = await Runs(session).event_counts(self._listeners)
            except ServiceUnavailable as error:
                log.warning("notifier.read_failed", error=str(error))
                continue
            for run in self._listeners:
                if standing.get(run) != self._seen.get(run):
                    self._wake(run)
            self._seen = standing

    def _wake(self, run: str) -> None:
        for moved in self._listeners.get(run, ()):
            moved.set()


def _run_of(data: bytes) -> str:
    """Return the run that a message is about; strangers may publish here too."""
    try:
        document = json.loads(data)
    except ValueError:
        return ""
    return str(document.get("run_id")) if isinstance(document, dict) else ""
