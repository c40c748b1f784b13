"""What a model of runs knows of each, and the real parts that workers of a test use step by step."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from sqlalchemy import select, text

from moments_ray import runtime
from moments_ray.database.tables import Run, RunEvent
from moments_ray.engine.queries.claims import Claims, claim_of
from moments_ray.engine.queries.journal import Journal
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.queries.submission import mark_notified
from moments_ray.engine.runs.lease import Lease
from moments_ray.engine.runs.live_status import LiveStatus
from moments_ray.engine.runs.queue import GROUP, STREAMS, Message, Queue
from moments_ray.engine.runs.service import RunService
from moments_ray.engine.runs.sweeper import Sweeper
from moments_ray.settings import Settings
from moments_ray.states import RunStatus

LEASE_SECONDS = 60.0
_AN_HOUR = 3_600_000


@dataclass
class Expected:
    """What must be true of a run."""

    subject: str
    status: RunStatus = RunStatus.QUEUED
    attempt: int = 0
    owner: str | None = None
    stale: bool = False
    cancel_requested: bool = False
    stages: set[str] = field(default_factory=set)
    ends: int = 0

    def claimable(self, worker: str) -> bool:
        if self.status == RunStatus.PROCESSING:
            return self.stale or self.owner == worker
        return self.status == RunStatus.QUEUED

    def end(self, status: RunStatus) -> None:
        self.status = status
        self.ends += 1


@dataclass(frozen=True)
class Hold:
    """A claim as the worker that made it holds it, rightly or not."""

    worker: str
    run: str
    lease: Lease
    message: Message

    @property
    def attempt(self) -> int:
        return self.lease.claim.attempt


class World:
    """The real parts, and a loop to use them in."""

    def __init__(self, settings: Settings, runner: asyncio.Runner) -> None:
        self.run = runner.run
        self.environment = runtime.connect(settings)
        self.database = self.environment.database
        self.redis = runtime.open_redis(settings)
        self.queue = Queue(self.redis)
        self.live = LiveStatus(self.redis)
        self.run_service = RunService(self.environment, self.redis)
        nowhere = redis.Redis(unix_socket_path="/nonexistent/redis.sock", retry=Retry(NoBackoff(), 0))
        self.mute_run_service = RunService(self.environment, nowhere)
        self.sweeper = Sweeper(settings, self.database, self.queue)

    async def empty(self) -> None:
        async with self.database.begin() as session:
            await session.execute(text("DELETE FROM runs"))
        await self.redis.flushall()
        await self.queue.ensure_groups()

    async def runs(self) -> dict[str, Run]:
        async with self.database.read() as session:
            return {run.identifier: run for run in await session.scalars(select(Run))}

    async def events(self) -> Counter[tuple[str, str, str | None]]:
        query = select(Run.identifier, RunEvent.type, RunEvent.data["stage"].astext).join(
            Run, Run.id == RunEvent.run_id
        )
        async with self.database.read() as session:
            return Counter((run, kind, stage) for run, kind, stage in await session.execute(query))

    async def stand_still(self, worker: str | None = None) -> None:
        """Have an hour pass in which a worker, or every one, gives no sign of life."""
        late = "interval '1 hour'"
        changes = f"heartbeat_at = heartbeat_at - {late}, notified_at = notified_at - {late}"
        async with self.database.begin() as session:
            mine = "" if worker is None else " WHERE owner = :worker"
            await session.execute(
                text(f"UPDATE runs SET {changes}{mine}"), {} if worker is None else {"worker": worker}
            )
        for stream in STREAMS:
            pending: list[Any] = []
            if await self.redis.exists(stream):
                pending = await self.redis.xpending_range(stream, GROUP, "-", "+", 1000, consumername=worker)
            for row in pending:
                owner, entry = row["consumer"], row["message_id"]
                await self.redis.xclaim(stream, GROUP, owner, 0, [entry], idle=_AN_HOUR, justid=True)

    async def left(self) -> list[str]:
        """What is in Redis of work that should be over."""
        left = [key.decode() async for key in self.redis.scan_iter("pipeline:*:lock")]
        for stream in STREAMS:
            pending = await self.redis.xpending(stream, GROUP)
            if pending["pending"] or await self.redis.xlen(stream):
                left.append(stream)
        return left

    async def claim(self, worker: str, name: str) -> Run | None:
        async with self.database.begin() as session:
            return await Claims(session).claim(name, worker, LEASE_SECONDS)

    async def standing(self, name: str) -> Run:
        async with self.database.read() as session:
            return await Runs(session).get(name)

    def lease_of(self, run: Run, worker: str, message: Message) -> Lease:
        return Lease(self.redis, claim_of(run), run.subject, consumer=worker, message=message, seconds=1800)

    async def hand_back(self, hold: Hold) -> bool:
        async with self.database.begin() as session:
            return await Claims(session).hand_back(hold.lease.claim)

    async def enqueue(self, hold: Hold) -> None:
        entry = await self.queue.enqueue(await self.standing(hold.run))
        await self.queue.acknowledge(hold.message)
        await mark_notified(self.database.row, hold.run, entry)

    async def commit(self, hold: Hold, work: Callable[[Journal], Coroutine[Any, Any, None]]) -> None:
        async with self.database.begin() as session:
            await work(Journal(session, hold.lease.claim))
