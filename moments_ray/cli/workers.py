"""The workers of a server: one on every node that runs stages, there again soon after it or its node died."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any

import structlog

from moments_ray import runtime
from moments_ray.cli.ray_thread import RayThread
from moments_ray.engine.runs.actor import keep_listening, start_worker, stop_worker
from moments_ray.errors import RayUnavailable
from moments_ray.ids import fingerprint
from moments_ray.settings import Settings

log = structlog.get_logger()

_POLL_SECONDS = 3.0
_STOP_MARGIN_SECONDS = 10.0  # beyond what a worker grants its stages, for killing those that did not stop


class Workers:
    """A server's workers are detached, and those that a killed server left are taken over.

    With ``one_here`` it is one, on this node, which ends with this process.
    """

    def __init__(self, ray_thread: RayThread, settings: Settings, *, one_here: bool = False) -> None:
        secrets = [url.get_secret_value() for url in (settings.database_url, settings.redis_url) if url]
        mark = fingerprint([settings.model_dump(mode="json"), *secrets])[:8]  # other settings, another worker
        self._mark = str(os.getpid()) if one_here else mark
        self._one_here = one_here
        self._ray_thread = ray_thread
        self._settings = settings
        self._actors: dict[str, Any] = {}
        self._listening: dict[str, asyncio.Task[None]] = {}
        self._keeping: asyncio.Task[None] | None = None

    async def start(self, nodes: Sequence[runtime.Node]) -> int:
        """Start workers on the nodes that are to have one, keep it so, and return how many there are."""
        self._tend(nodes)
        if self._settings.ray_address is not None:  # a Ray of our own has one node
            self._keeping = asyncio.create_task(self._keep())
        return len(self._actors)

    async def stop(self) -> None:
        """Have workers finish or hand back their runs; those of a lost Ray are gone, and their leases end so."""
        if self._keeping is not None:
            self._keeping.cancel()
        for listening in self._listening.values():
            listening.cancel()
        worker = self._settings.worker
        timeout = worker.drain_seconds + 2 * worker.cancel_grace_seconds + _STOP_MARGIN_SECONDS
        async with asyncio.TaskGroup() as group:
            stopping = [group.create_task(stop_worker(actor, timeout)) for actor in self._actors.values()]
            for each in stopping:
                await self._ray_thread.unless_lost(each)
                if self._ray_thread.lost:
                    each.cancel()

    async def _keep(self) -> None:
        """Have a worker on every node that comes, and none on those that went."""
        while not self._ray_thread.lost:
            await asyncio.sleep(_POLL_SECONDS)
            try:
                self._tend(await self._ray_thread.do(runtime.nodes))
            except RayUnavailable:
                return  # everything ends with it
            except Exception:
                log.exception("workers.check_failed")  # a cluster's head may be away for a while, and come back

    def _tend(self, nodes: Sequence[runtime.Node]) -> None:
        wanted = {node.identifier for node in nodes if (node.here if self._one_here else node.resources.get("CPU"))}
        for node in self._actors.keys() - wanted:
            del self._actors[node]
            self._listening.pop(node).cancel()
        for node in wanted - self._actors.keys():
            self._actors[node] = start_worker(
                runtime.connect,
                self._settings,
                runtime.open_redis,
                name=f"{node[:12]}-{self._mark}",
                detached=not self._one_here,
                node=node,
            )
            self._listening[node] = asyncio.create_task(keep_listening(self._actors[node]))
