"""The worker as a Ray actor; everything it holds can be lost, because PostgreSQL has it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import ray
import redis.asyncio as redis

from moments_ray.pipeline.environment import Connect
from moments_ray.runs.worker import PipelineWorker
from moments_ray.settings import Settings

_RESTART_POLL_SECONDS = 0.5

OpenRedis = Callable[[Settings], redis.Redis]


class WorkerActor:
    """One pipeline worker; the constructor reads nothing, so that a restart is only a new start."""

    def __init__(self, connect: Connect, settings: Settings, open_redis: OpenRedis, name: str) -> None:
        self._connect = connect
        self._settings = settings
        self._open_redis = open_redis
        self._name = name
        self._worker: PipelineWorker | None = None

    async def start(self) -> None:
        """Begin to take runs."""
        self._here().start()

    async def drive_only(self, run: str) -> None:
        """Drive one run to its end."""
        await self._here().drive_only(run)

    async def drain(self) -> None:
        """Finish or hand back what is on its way."""
        await self._here().drain()

    async def driving(self) -> list[str]:
        """Return the runs on their way here."""
        return self._here().driving()

    def _here(self) -> PipelineWorker:
        if self._worker is None:
            client = self._open_redis(self._settings)
            self._worker = PipelineWorker(self._connect, self._settings, client, name=self._name)
        return self._worker


async def drive_to_the_end(actor: Any, run: str) -> None:
    """Have a worker drive one run to its end, through as many deaths of the worker as the run survives."""
    while True:
        try:
            await actor.drive_only.remote(run)
        except ray.exceptions.RayActorError:
            await asyncio.sleep(_RESTART_POLL_SECONDS)  # Ray starts it anew
        else:
            return


def start_worker(connect: Connect, settings: Settings, open_redis: OpenRedis, *, name: str, detached: bool) -> Any:
    """Create a worker actor, or find the one of this name; a detached one outlives its creator."""
    options: dict[str, Any] = {"num_cpus": 0, "max_restarts": -1, "max_task_retries": 0}
    if detached:
        options |= {"name": f"worker-{name}", "namespace": "moments", "lifetime": "detached", "get_if_exists": True}
    remote: Any = ray.remote(WorkerActor)
    actor = remote.options(**options)
    return actor.remote(connect, settings, open_redis, name)
