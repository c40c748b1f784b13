"""Hearing that something happened in a run: one subscription and one look a process, however many listen."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError

from moments_ray.database.session import Database
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.live_status import PROGRESS_CHANNEL
from moments_ray.engine.runs.whole_status import STATUS_CHANNEL
from moments_ray.errors import ServiceUnavailable

log = structlog.get_logger()

_TIMEOUT_SECONDS = 5.0  # a client's own socket timeout would count silence as an outage
_POLL_SECONDS = 5.0
_PAUSE_SECONDS = 1.0  # between tries to reach a Redis that is away


@dataclass(frozen=True)
class Progress:
    """How far a stage of a run is, 0 to 1."""

    run: str
    stage: str
    fraction: float


@dataclass(eq=False)
class RunListener:
    """What a listener hears of a run, or of all: that something happened, and the newest progress of each stage."""

    moved: asyncio.Event = field(default_factory=asyncio.Event)
    progress: dict[tuple[str, str], Progress] = field(default_factory=dict)

    def take_progress(self) -> dict[tuple[str, str], Progress]:
        """Return the progress that was heard since this was asked last."""
        heard, self.progress = self.progress, {}
        return heard


class RunNotifier:
    """A bell, not a mailbox: it says that a run moved, and what happened is read from PostgreSQL.

    So nothing is queued for a slow listener, and a message that Redis lost only makes its listeners look later: now and
    then PostgreSQL is asked which of all the runs that are listened to moved.
    """

    def __init__(self, client: redis.Redis, database: Database) -> None:
        self._redis = client
        self._database = database
        self._listeners: dict[str | None, set[RunListener]] = defaultdict(set)
        self._seen: dict[str, int] = {}
        self._listening: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def listener(self, run: str | None) -> Iterator[RunListener]:
        """Give what tells whenever the run, or any where None is given, moved; its owner clears it before looking."""
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._attend())
        listener = RunListener()
        self._listeners[run].add(listener)
        try:
            yield listener
        finally:
            self._listeners[run].discard(listener)
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
                    self._tell(message["data"])

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_POLL_SECONDS)
            try:
                async with self._database.read() as session:
                    standing = await Runs(session).event_counts([run for run in self._listeners if run is not None])
            except ServiceUnavailable as error:
                log.warning("notifier.read_failed", error=str(error))
                continue
            for run, listeners in self._listeners.items():
                if run is None or standing.get(run) != self._seen.get(run):
                    _wake(listeners)
            self._seen = standing

    def _tell(self, data: bytes) -> None:
        """Hand on what a message says; strangers may publish here too."""
        try:
            document = json.loads(data)
        except ValueError:
            return
        if not isinstance(document, dict):
            return
        run, progress = str(document.get("run_id")), _progress_of(document)
        for listeners in (self._listeners.get(run, set()), self._listeners.get(None, set())):
            if progress is not None:
                for listener in listeners:
                    listener.progress[run, progress.stage] = progress
            _wake(listeners)


def _wake(listeners: Iterable[RunListener]) -> None:
    for listener in listeners:
        listener.moved.set()


def _progress_of(document: Mapping[str, Any]) -> Progress | None:
    run, stage, fraction = document.get("run_id"), document.get("stage"), document.get("progress")
    if isinstance(run, str) and isinstance(stage, str) and isinstance(fraction, float):
        return Progress(run, stage, fraction)
    return None
