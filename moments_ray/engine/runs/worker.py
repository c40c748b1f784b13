"""A pipeline worker: takes runs from the queue, keeps their leases, executes them, hands back what it cannot end."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Coroutine
from typing import Any

import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError

from moments_ray.database.tables import Run
from moments_ray.engine.environment import Connect
from moments_ray.engine.queries.claims import claim_of, claim_run
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.cleanup import reap_orphans
from moments_ray.engine.runs.execution import RunExecution, StopReason
from moments_ray.engine.runs.lease import Lease, key_of
from moments_ray.engine.runs.live_status import LiveStatus, cancel_key
from moments_ray.engine.runs.places import ClusterPlaces
from moments_ray.engine.runs.queue import STREAMS, URGENT_STREAMS, Message, Queue
from moments_ray.engine.runs.release import RunRelease
from moments_ray.engine.runs.sweeper import Sweeper
from moments_ray.engine.runs.webhooks import Deliverer
from moments_ray.errors import LeaseLost, NotFound, ServiceUnavailable
from moments_ray.ids import RunId
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
        self._releasing = RunRelease(self._environment, self._queue, self._live)
        self._deliverer = Deliverer(self._environment)
        self._sweeper = Sweeper(settings, self._environment.database, self._queue, self._environment.meter)
        self._executions: dict[str, tuple[Run, RunExecution]] = {}
        self._claiming: set[str] = set()
        self._executing: set[asyncio.Task[Any]] = set()
        self._waitable: set[asyncio.Task[Any]] = set()  # those of them with a lower than ordinary priority
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
        executing = asyncio.create_task(self._execute_until_finished(identifier))
        self._executing.add(executing)  # a drain waits for it
        try:
            await executing
        finally:
            self._executing.discard(executing)
            watch.cancel()

    async def _execute_until_finished(self, identifier: str) -> None:
        while not self._draining.is_set():
            run = await self._claim(identifier, lease_seconds=0.0)
            if run is not None:
                await self._execute(run, None)
            if await self._finished(identifier):
                return

    async def drain(self) -> None:
        """Stop taking runs; let running stages finish for a while, then hand back what is left."""
        self._draining.set()
        for _, execution in self._executions.values():
            execution.drain()
        if self._executing:
            _, late = await asyncio.wait(self._executing, timeout=self._settings.drain_seconds)
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
            if len(self._executing) - len(self._waitable) >= self._places:
                await asyncio.wait(self._executing, timeout=_PLACES_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                continue
            await self._over_outages(self._take_one)

    async def _count_places(self) -> None:
        """Note how many runs may be under way here."""
        if self._cluster_places is not None:
            self._places = await self._cluster_places.count()

    async def _take_own(self) -> None:
        """Go on with what the process before this one was at, which nobody needs to wait out: it is dead."""
        for message in await self._queue.own(self.consumer):
            self._keep(message)

    async def _take_one(self) -> None:
        """Take a run; one of ordinary or higher priority does not wait for the end of those of a lower one."""
        streams = STREAMS if len(self._executing) < self._places else URGENT_STREAMS
        message = await self._queue.take(self.consumer, streams)
        if message is None:
            await self._queue.wait(_IDLE_WAIT_MILLISECONDS)
        else:
            self._keep(message)

    def _keep(self, message: Message) -> None:
        task = asyncio.create_task(_logged(self._accept(message)))
        self._executing.add(task)
        task.add_done_callback(self._executing.discard)
        if message.stream not in URGENT_STREAMS:
            self._waitable.add(task)
            task.add_done_callback(self._waitable.discard)

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
            run = await self._claim(message.run, self._settings.lease_seconds)
            if run is not None:
                await self._execute(run, message)
            elif not await self._finished(message.run, message):
                await self._queue.acknowledge(message)  # another worker has it; the sweeper watches over that one
        except NotFound:
            await self._queue.dead_letter(message.run, "unknown", message)

    async def _claim(self, identifier: str, lease_seconds: float) -> Run | None:
        if identifier in self._executions or identifier in self._claiming:
            return None  # enqueued twice; PostgreSQL would let this worker claim again what it owns, as after a restart
        self._claiming.add(identifier)
        try:
            return await claim_run(self._environment.database.row, identifier, self.consumer, lease_seconds)
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

    async def _execute(self, run: Run, message: Message | None) -> None:
        failpoint.hit(self._environment.settings, "run.claimed")
        lease = self._lease(run, message)
        execution = RunExecution(self._environment, self._connect, lease, run)
        self._executions[run.identifier] = (run, execution)
        heartbeat = asyncio.create_task(self._heartbeat(run, execution))
        try:
            if run.cancel_requested_at is not None:
                execution.stop(StopReason.CANCEL)
            with contextlib.suppress(RedisError):
                await lease.take_lock()
                await self._releasing.show_begun(run)
            with working_on(run.identifier, "attempt", attempt=run.attempt):
                verdict = await execution.run()
        finally:
            heartbeat.cancel()
            del self._executions[run.identifier]
        if verdict is None:
            # After the execution has ended: this worker may be the one that takes the new message.
            await self._releasing.hand_back(lease, notify=message is not None)
        else:
            failed = verdict is RunStatus.FAILED
            trace_whole_run(run.identifier, run.pipeline, run.queued_at, verdict.value, failed=failed)
            await self._releasing.end(lease)

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

    async def _watch_cancels(self) -> None:
        """Look at the cancel flags of the runs on their way: faster than the heartbeat's look at PostgreSQL."""
        while True:
            await asyncio.sleep(self._settings.cancel_poll_seconds)
            running = list(self._executions.values())
            if not running:
                continue
            with contextlib.suppress(RedisError):
                flags = await self._redis.mget([cancel_key(key_of(run)) for run, _ in running])
                for (run, execution), flag in zip(running, flags, strict=True):
                    if flag is not None and not _names_another(flag, RunId(run.identifier)):
                        execution.stop(StopReason.CANCEL)

    async def _sweep(self) -> None:
        """Take over messages of workers whose lease ended, and enqueue again what none of them took."""
        while not self._draining.is_set():
            await self._over_outages(self._sweep_once)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._draining.wait(), self._settings.sweep_seconds)

    async def _sweep_once(self) -> None:
        spare = self._places - len(self._executing)
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


def _names_another(flag: bytes | str, run: RunId) -> bool:
    """Tell whether a cancel flag names some other run, as one that outlived its own does."""
    try:
        return str(uuid.UUID(flag.decode() if isinstance(flag, bytes) else flag)) != run
    except ValueError:
        return False
