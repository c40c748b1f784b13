"""The worker of a server, which takes runs for all nodes of its cluster, there again soon after it died."""

from __future__ import annotations

import asyncio
import os
import platform
from typing import Any

from moments_ray import runtime
from moments_ray.cli.ray_thread import RayThread
from moments_ray.engine.runs.actor import keep_listening, start_worker, stop_worker
from moments_ray.ids import fingerprint
from moments_ray.settings import Settings

_STOP_MARGIN_SECONDS = 10.0  # beyond what a worker grants its stages, for killing those that did not stop


class Worker:
    """A server's worker is detached, and one that a killed server left is taken over.

    It is beside the server, not on the nodes that run stages: one of those is idle, for an autoscaler, once it has
    nothing to do. With ``own`` it ends with this process, and on a node with CPUs takes that node's share of runs.
    """

    def __init__(self, ray_thread: RayThread, settings: Settings, *, own: bool = False) -> None:
        secrets = [url.get_secret_value() for url in (settings.database_url, settings.redis_url) if url]
        mark = fingerprint([settings.model_dump(mode="json"), *secrets])[:8]  # other settings, another worker
        self._name = f"{platform.node()}-{os.getpid() if own else mark}"
        self._own = own
        self._ray_thread = ray_thread
        self._settings = settings
        self._actor: Any = None
        self._listening: asyncio.Task[None] | None = None

    async def start(self, here: runtime.Node) -> None:
        """Have it take runs, on this node."""
        self._actor = start_worker(
            runtime.connect,
            self._settings,
            runtime.open_redis,
            name=self._name,
            detached=not self._own,
            node=here.identifier,
            for_cluster=self._for_cluster(here),
        )
        self._listening = asyncio.create_task(keep_listening(self._actor))

    def _for_cluster(self, here: runtime.Node) -> bool:
        """Tell whether it takes runs for other nodes, too: a Ray of our own has this one only."""
        if self._settings.ray_address is None:
            return False
        return not (self._own and here.resources.get("CPU"))

    async def stop(self) -> None:
        """Have it finish or hand back its runs; that of a lost Ray is gone, and its leases end so."""
        if self._listening is not None:
            self._listening.cancel()
        worker = self._settings.worker
        timeout = worker.drain_seconds + 2 * worker.cancel_grace_seconds + _STOP_MARGIN_SECONDS
        stopping = asyncio.create_task(stop_worker(self._actor, timeout))
        await self._ray_thread.unless_lost(stopping)
        if self._ray_thread.lost:
            stopping.cancel()
