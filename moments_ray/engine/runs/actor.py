"""The worker as a Ray actor; everything it holds can be lost, because PostgreSQL has it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import Any

import ray
import redis.asyncio as redis
import structlog
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from moments_ray.engine.environment import Connect
from moments_ray.engine.runs.places import ClusterPlaces
from moments_ray.engine.runs.worker import PipelineWorker
from moments_ray.process.application_log import log_to_home
from moments_ray.settings import Settings

log = structlog.get_logger()

_RESTART_POLL_SECONDS = 0.5

OpenRedis = Callable[[Settings], redis.Redis]


class WorkerActor:
    """One pipeline worker; the constructor reads nothing, so that a restart is only a new start."""

    def __init__(
        self, connect: Connect, settings: Settings, open_redis: OpenRedis, name: str, *, for_cluster: bool
    ) -> None:
        self._connect = connect
        self._settings = settings
        self._open_redis = open_redis
        self._name = name
        self._for_cluster = for_cluster
        self._worker: PipelineWorker | None = None

    async def start(self) -> None:
        """Begin to take runs."""
        self._here().start()

    async def listen(self) -> None:
        """Take runs until drained."""
        await self._here().listen()

    async def execute_only(self, run: str) -> None:
        """Execute one run to its end."""
        await self._here().execute_only(run)

    async def drain(self) -> None:
        """Finish or hand back what is on its way."""
        await self._here().drain()

    async def executing(self) -> list[str]:
        """Return the runs on their way here."""
        return self._here().executing()

    def _here(self) -> PipelineWorker:
        if self._worker is None:
            log_to_home(self._settings.home, self._settings.log_level, self._settings.environment)
            client = self._open_redis(self._settings)
            worker = self._settings.worker
            places = ClusterPlaces(worker.runs_at_once, 2 * worker.sweep_seconds) if self._for_cluster else None
            self._worker = PipelineWorker(self._connect, self._settings, client, name=self._name, places=places)
            gc.freeze()  # what is loaded stays: to search it for garbage is a tenth of what short runs cost here
        return self._worker


async def execute_to_the_end(actor: Any, run: str) -> None:
    """Have a worker execute one run to its end, through as many crashes of the worker as the run survives."""
    while True:
        try:
            await actor.execute_only.remote(run)
        except ray.exceptions.RayActorError:
            await asyncio.sleep(_RESTART_POLL_SECONDS)  # Ray starts it again
        else:
            return


def start_worker(
    connect: Connect,
    settings: Settings,
    open_redis: OpenRedis,
    *,
    name: str,
    detached: bool,
    node: str | None = None,
    for_cluster: bool = False,
) -> Any:
    """Create a worker actor, or find the detached one of this name, which outlives its creator.

    One for a given node has both names in Ray, where people look for it: on another node it is another actor, but the
    same consumer, which goes on with what it had at once. One ``for_cluster`` takes as many runs as
    all nodes have places for, else as many as one has.
    """
    options: dict[str, Any] = {"num_cpus": 0, "max_restarts": -1, "max_task_retries": 0}
    if detached:
        options |= {"lifetime": "detached", "get_if_exists": True}
    if node is not None:
        options |= {"name": f"worker-{name}-{node[:8]}", "namespace": "moments"}
        options["scheduling_strategy"] = NodeAffinitySchedulingStrategy(node, soft=False)
    remote: Any = ray.remote(WorkerActor)
    actor = remote.options(**options)
    return actor.remote(connect, settings, open_redis, name, for_cluster=for_cluster)


async def keep_listening(actor: Any) -> None:
    """Have a worker take runs until it is drained, again as soon as Ray has started its process again.

    One call that lasts, so that nobody has to ask now and then whether the worker still listens.
    """
    while True:
        try:
            await actor.listen.remote()
        except ray.exceptions.RayError as error:
            log.warning("worker.lost", error=type(error).__name__)
            await asyncio.sleep(_RESTART_POLL_SECONDS)
        else:
            return


async def stop_worker(actor: Any, timeout: float) -> None:
    """Have a worker finish or hand back its runs within ``timeout`` seconds, and end it."""
    try:
        async with asyncio.timeout(timeout):
            await actor.drain.remote()
    except TimeoutError:
        log.warning("worker.drain_timeout", timeout=timeout)  # its runs are taken over when their leases end
    except ray.exceptions.RayError as error:
        log.warning("worker.lost", error=type(error).__name__)
    ray.kill(actor)
