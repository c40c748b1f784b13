"""A pipeline worker: takes runs from the queue, keeps their leases, executes them, hands back what it cannot end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError

from moments_ray.database.tables import Run
from moments_ray.engine.environment import Connect
from moments_ray.engine.execute.worker_task import begun_with_claims
from moments_ray.engine.queries.claims import NewClaim, claim_of, claim_run
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.cancel_watch import watch_cancels
from moments_ray.engine.runs.cleanup import reap_orphans
from moments_ray.engine.runs.execution import RunExecution, StopReason
from moments_ray.engine.runs.lease import Lease, key_of
from moments_ray.engine.runs.live_status import LiveStatus
from moments_ray.engine.runs.places import ClusterPlaces
from moments_ray.engine.runs.queue import STREAMS, URGENT_STREAMS, Message, Queue
from moments_ray.engine.runs.release import RunRelease
from moments_ray.engine.runs.sweeper import Sweeper
from moments_ray.engine.runs.taken_places import TakenPlaces
from moments_ray.engine.runs.webhooks import Deliverer
from moments_ray.errors import LeaseLost, NotFound, ServiceUnavailable
from moments_ray.process import failpoint
from moments_ray.process.tracing import trace_whole_run, working_on
from moments_ray.settings import Settings
from moments_ray.states import RunStatus

log = structlog.get_logger()

_IDLE_WAIT_MILLISECONDS = 2000
_OUTAGE_WAIT_SECONDS = 1.0
_PLACES_SECONDS = 5.0  # a node that came has more of them


class PipelineWorker:
    """A consumer of the group ``pipeline_workers``; lives in one asyncio loop, usually a Ray actor's."""

    def __init__(
        self,
        connect: Connect,
        settings: Settings,
        client: redis.Redis,
        *,
        name: str,
        places: ClusterPlaces | None = None,
    ) -> None:
        self.consumer = f"worker-{name}"
        self._settings = settings.worker
        self._cluster_places = places
        self._places = self._settings.runs_at_once
        self._connect = connect
        self._environment = connect(settings)
        self._redis = client
        self._queue = Queue(client)
        self._live = LiveStatus(client, self._environment.registry)
        self._begun_with_claims = begun_with_claims(self._environment.registry)
        self._releasing = RunRelease(self._environment, self._queue, self._live)
        self._deliverer = Deliverer(self._environment)
        self._sweeper = Sweeper(settings, self._environment.database, self._queue, self._environment.meter)
        self._executions: dict[str, tuple[Run, RunExecution]] = {}
        self._claiming: set[str] = set()
        self._taken = TakenPlaces()
        self._draining = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to take runs; calling it again changes nothing."""
        if not self._loops:
            loops = (self._take(), self._watch_cancels(), self._sweep(), self._deliverer.run())
            self._loops = [asyncio.create_task(loop) for loop in loops]

    async def listen(self) -> None:
        """Take runs until drained."""
        self.start()
        await self._draining.wait()

    async def execute_only(self, identifier: str) -> None:
        """Execute one run to its end without listening to the queue; the caller vouches that nobody else does."""
        watch = asyncio.create_task(self._watch_cancels())
        try:
            await self._taken.start(self._execute_until_finished(identifier))  # a drain waits for it
        finally:
            watch.cancel()

    async def _execute_until_finished(self, identifier: str) -> None:
        while not self._draining.is_set():
            claim = await self._claim(identifier, lease_seconds=0.0)
            if claim is not None:
                await self._execute(claim, None)
            if await self._finished(identifier):
                return

    async def drain(self) -> None:
        """Stop taking runs; let running stages finish for a while, then hand back what is left."""
        self._draining.set()
        for _, execution in self._executions.values():
            execution.drain()
        if self._taken.tasks:
            _, late = await asyncio.wait(self._taken.tasks, timeout=self._settings.drain_seconds)
            for _, execution in self._executions.values():
                execution.stop(StopReason.DRAIN)
            if late:
                await asyncio.wait(late)
        for loop in self._loops:
            loop.cancel()
        if self._cluster_places is not None:
            await self._cluster_places.close()
        with contextlib.suppress(RedisError):
            await self._queue.retire(self.consumer)

    def executing(self) -> list[str]:
        """Return the identifiers of the runs on their way here."""
        return list(self._executions)

    async def _take(self) -> None:
        await self._over_outages(self._queue.ensure_groups)
        await self._over_outages(self._take_own)
        while not self._draining.is_set():
            await self._over_outages(self._count_places)
            if self._taken.count - self._taken.count_waitable >= self._places:
                await self._taken.wait_for_one(_PLACES_SECONDS)
                continue
            await self._over_outages(self._take_more)

    async def _count_places(self) -> None:
        """Note how many runs may be under way here."""
        if self._cluster_places is not None:
            self._places = await self._cluster_places.count()

    async def _take_own(self) -> None:
        """Go on with what the process before this one was at, which nobody needs to wait out: it is dead."""
        for message in await self._queue.own(self.consumer):
            self._keep(message)

    async def _take_more(self) -> None:
        """Take runs into half of the places at most; those of ordinary or higher priority do not wait for lower ones.

        What is taken together goes on together, so one half is worked on here while the other waits for PostgreSQL.
        """
        free, streams = self._places - self._taken.count, STREAMS
        if free <= 0:
            free, streams = free + self._taken.count_waitable, URGENT_STREAMS
        messages = await self._queue.take(self.consumer, min(free, (self._places + 1) // 2), streams)
        for message in messages:
            self._keep(message)
        if not messages:
            await self._queue.wait(_IDLE_WAIT_MILLISECONDS)

    def _keep(self, message: Message) -> None:
        self._taken.start(_logged(self._accept(message)), waitable=message.stream not in URGENT_STREAMS)

    async def _accept(self, message: Message) -> None:
        """See a message through once PostgreSQL and Redis let us; until then it keeps a place, so no other is taken."""
        while not self._draining.is_set():
            try:
                await self._answer(message)
            except (RedisError, ServiceUnavailable) as error:
                log.warning("message.retry", message=message.id, error=str(error))
                await asyncio.sleep(_OUTAGE_WAIT_SECONDS)
            else:
                return

    async def _answer(self, message: Message) -> None:
        """Execute the run that a message is about, or clear the message away."""
        if message.run is None:
            await self._queue.dead_letter("", "malformed", message)
            return
        failpoint.hit(self._environment.settings, "message.taken")
        try:
            claim = await self._claim(message.run, self._settings.lease_seconds)
            if claim is not None:
                await self._execute(claim, message)
            elif not await self._finished(message.run, message):
                await self._queue.acknowledge(message)  # another worker has it; the sweeper watches over that one
        except NotFound:
            await self._queue.dead_letter(message.run, "unknown", message)

    async def _claim(self, identifier: str, lease_seconds: float) -> NewClaim | None:
        if identifier in self._executions or identifier in self._claiming:
            return None  # enqueued twice; PostgreSQL would let this worker claim again what it owns, as after a restart
        self._claiming.add(identifier)
        try:
            row = self._environment.database.row_together
            return await claim_run(row, identifier, self.consumer, lease_seconds, self._begun_with_claims)
        finally:
            self._claiming.discard(identifier)

    async def _finished(self, identifier: str, message: Message | None = None) -> bool:
        """Tell whether a run is over, and clear away what its last worker had no time for."""
        async with self._environment.database.read() as session:
            run = await Runs(session).get(identifier)
        if not RunStatus(run.status).finished:
            return False
        await self._releasing.end(self._lease(run, message))
        return True

    def _lease(self, run: Run, message: Message | None) -> Lease:
        return Lease(
            self._redis,
            claim_of(run),
            key_of(run),
            consumer=self.consumer,
            message=message,
            seconds=self._settings.lock_seconds,
        )

    async def _execute(self, claim: NewClaim, message: Message | None) -> None:
        failpoint.hit(self._environment.settings, "run.claimed")
        run = claim.run
        lease = self._lease(run, message)
        execution = RunExecution(self._environment, self._connect, lease, run, claim.begun)
        self._executions[run.identifier] = (run, execution)
        heartbeat = asyncio.create_task(self._heartbeat(run, execution))
        showing = asyncio.create_task(self._releasing.show_begun(claim, lease))
        try:
            if run.cancel_requested_at is not None:
                execution.stop(StopReason.CANCEL)
            if claim.begun is None:
                await showing  # the status of a stage that begins later is written into it
            with working_on(run.identifier, "attempt", attempt=run.attempt):
                verdict = await execution.run()
        finally:
            heartbeat.cancel()
            del self._executions[run.identifier]
            await showing
        if verdict is None:
            # After the execution has ended: this worker may be the one that takes the new message.
            await self._releasing.hand_back(lease, notify=message is not None)
        else:
            self._taken.give_back()  # it has its verdict; its cleanup needs no place
            failed = verdict is RunStatus.FAILED
            trace_whole_run(run.identifier, run.pipeline, run.queued_at, verdict.value, failed=failed)
            await self._releasing.end(lease, execution.shown)

    async def _heartbeat(self, run: Run, execution: RunExecution) -> None:
        """Renew message, lock and heartbeat together; an outage is no reason to stop, another owner is."""
        while True:
            await asyncio.sleep(self._settings.heartbeat_seconds)
            try:
                standing = await execution.lease.renew_in_database(self._environment.database)
                if standing.cancel_requested_at is not None:
                    execution.stop(StopReason.CANCEL)
                await execution.lease.renew_in_redis()
                if await self._live.missing(run.subject):
                    await self._releasing.show(execution.lease.claim)  # Redis was wiped
            except LeaseLost:
                execution.stop(StopReason.LOST)
                return
            except (RedisError, ServiceUnavailable) as error:
                log.warning("lease.renew_failed", run=run.identifier, error=str(error))

    def _watch_cancels(self) -> Coroutine[Any, Any, None]:
        return watch_cancels(self._redis, self._executions, self._settings.cancel_poll_seconds)

    async def _sweep(self) -> None:
        """Take over messages of workers whose lease ended, and enqueue again what none of them took."""
        while not self._draining.is_set():
            await self._over_outages(self._sweep_once)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._draining.wait(), self._settings.sweep_seconds)

    async def _sweep_once(self) -> None:
        spare = self._places - self._taken.count
        for message in await self._queue.take_idle(self.consumer, int(self._settings.lease_seconds * 1000), spare):
            self._keep(message)
        await self._sweeper.sweep()
        queued = await self._sweeper.measure()
        if self._cluster_places is not None:
            await self._cluster_places.follow(queued)
        for product in self._environment.registry.products:
            for task in product.periodic_tasks:
                await task(self._environment)
        await reap_orphans(self._environment)

    async def _over_outages(self, work: Any) -> None:
        try:
            await work()
        except (RedisError, ServiceUnavailable) as error:
            log.warning("worker.waiting", error=str(error))
            await asyncio.sleep(_OUTAGE_WAIT_SECONDS)
        except Exception:
            log.exception("worker.failed")  # a worker that stopped listening would still look alive
            await asyncio.sleep(_OUTAGE_WAIT_SECONDS)


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    """See an accepted entry through; what goes wrong leaves the run to whoever finds its heartbeat stale."""
    try:
        await work
    except Exception:
        log.exception("run.abandoned")
