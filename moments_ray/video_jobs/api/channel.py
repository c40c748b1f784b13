"""What happens in a job, read once a process however many sockets follow it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

import structlog

from moments_ray.database.tables import RunEvent
from moments_ray.engine.runs.notifier import Progress
from moments_ray.errors import NotFound, ServiceUnavailable
from moments_ray.http.container import Container
from moments_ray.http.event_stream import events_after
from moments_ray.http.sockets import message
from moments_ray.states import RunStatus
from moments_ray.video_jobs.options import JobStatus
from moments_ray.video_jobs.status import EventFold

log = structlog.get_logger()

_BATCH = 200
_AWAY_SECONDS = 1.0  # between tries to reach a PostgreSQL that is away


class JobUpdate(NamedTuple):
    """How a job stood after its event ``seq``, and the message that says so."""

    seq: int
    status: JobStatus
    progress: float
    stage: str | None
    text: str


class JobChannel:
    """A job's updates from its first event on, one an event, and the newest message of progress between events."""

    def __init__(self, container: Container, job: str, stages: Sequence[str]) -> None:
        self.updates: list[JobUpdate] = []
        self.live: str | None = None
        self.over = False  # nothing more is to come
        self.followers = 0
        self._container = container
        self._job = job
        self._fold = EventFold(stages)
        self._changed = asyncio.Condition()
        self._read = asyncio.Event()
        self._following = asyncio.create_task(self._follow())

    async def begun(self) -> None:
        """Wait until what happened so far is here; raises what kept it from being read."""
        waiting = asyncio.ensure_future(self._read.wait())
        await asyncio.wait((waiting, self._following), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if not self._read.is_set():
            self._following.result()

    async def news(self, after: int, live: str | None) -> None:
        """Wait until there are updates after a number, or other progress, or no more to come."""

        def there_are() -> bool:
            return self.over or len(self.updates) > after or self.live is not live

        async with self._changed:
            await self._changed.wait_for(there_are)

    async def close(self) -> None:
        """Stop reading."""
        self._following.cancel()
        await asyncio.gather(self._following, return_exceptions=True)

    async def _follow(self) -> None:
        with self._container.notifier.listener(self._job) as heard:
            while not self.over:
                heard.moved.clear()
                progress = heard.take_progress()
                try:
                    run, events = await events_after(self._container, self._job, len(self.updates), _BATCH)
                except ServiceUnavailable as error:
                    log.warning("job_channel.read_failed", job=self._job, error=str(error))
                    await asyncio.sleep(_AWAY_SECONDS)
                    continue
                except NotFound:  # it was deleted
                    await self._tell(over=True)
                    return
                for event in events:
                    self._take(event)
                for one in progress.values():
                    self._reach(one)
                await self._tell(over=RunStatus(run.status).finished and len(self.updates) >= run.event_seq)
                if not events and not self.over:
                    self._read.set()
                    await heard.moved.wait()
        self._read.set()

    async def _tell(self, *, over: bool) -> None:
        async with self._changed:
            self.over = over
            self._changed.notify_all()
        if over:
            self._read.set()

    def _take(self, event: RunEvent) -> None:
        self._fold.take(event.type, event.data)
        text = message("job_update", {**self._standing(), "event": event.type}, seq=event.seq, at=event.created_at)
        fold = self._fold
        self.updates.append(JobUpdate(event.seq, fold.status, fold.progress, fold.stage, text))

    def _reach(self, progress: Progress) -> None:
        if self._fold.reach(progress.stage, progress.fraction):
            self.live = message("job_update", {**self._standing(), "event": None}, seq=len(self.updates))

    def _standing(self) -> dict[str, object]:
        fold = self._fold
        return {"id": self._job, "status": fold.status, "progress": fold.progress, "current_stage": fold.stage}


class JobChannels:
    """The channels of the jobs that are followed here."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._channels: dict[str, JobChannel] = {}

    @asynccontextmanager
    async def follow(self, job: str, stages: Callable[[], Sequence[str]]) -> AsyncIterator[JobChannel]:
        """Give a job's channel, which ends when nobody follows it any more.

        Raises:
            DatabaseUnavailable: what happened so far cannot be read.
        """
        channel = self._channels.get(job)
        if channel is None or channel.over:  # a job that is finished may be retried
            channel = self._channels[job] = JobChannel(self._container, job, stages())
        channel.followers += 1
        try:
            await channel.begun()
            yield channel
        finally:
            channel.followers -= 1
            if channel.followers == 0:
                await channel.close()
                if self._channels.get(job) is channel:
                    del self._channels[job]
