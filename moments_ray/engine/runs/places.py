"""How many runs a worker for a whole cluster has under way, and asking for nodes while others wait."""

from __future__ import annotations

import asyncio
import contextlib
import math
from typing import Any

import ray
import structlog

from moments_ray.engine.execute.capacity import Nodes, known_nodes

log = structlog.get_logger()

_KNOWN_SECONDS = 5.0
_ASKED_AT_MOST = 20  # nodes at a time; an autoscaler starts them in steps anyway


class ClusterPlaces:
    """``per_node`` runs at once for every node that has CPUs; without any node those of one, which ask for it.

    While runs wait beyond these, so many tasks wait for a whole free node as the runs would fill: an autoscaler sees
    them and starts nodes of that kind. On a cluster of one node they cost places (``benchmarks.scale_out``).
    """

    def __init__(self, per_node: int) -> None:
        self._per_node = per_node
        self._asked: list[Any] = []

    async def count(self) -> int:
        """Return how many runs may be under way."""
        return self._per_node * max(1, len(await _media_nodes()))

    async def follow(self, waiting: int) -> None:
        """Ask for as many nodes as so many waiting runs would fill, or for none any more."""
        nodes = await _media_nodes()
        wanted = min(math.ceil(waiting / self._per_node), _ASKED_AT_MOST) if nodes else 0
        await self._ask_for_no_more_than(wanted)
        if wanted > len(self._asked):
            log.info("cluster.nodes_wanted", nodes=wanted, waiting=waiting)
            cpus = min(offer["CPU"] for offer in nodes.values())
            self._asked += [_ask_for_a_node(cpus) for _ in range(wanted - len(self._asked))]

    async def close(self) -> None:
        """Ask for no node any more."""
        await self._ask_for_no_more_than(0)

    async def _ask_for_no_more_than(self, wanted: int) -> None:
        self._asked = [task for task in self._asked if not await _ended(task)]
        for task in self._asked[wanted:]:
            with contextlib.suppress(ray.exceptions.RayError):
                ray.cancel(task)
        del self._asked[wanted:]


async def _media_nodes() -> Nodes:
    nodes = await known_nodes(_KNOWN_SECONDS)
    return {name: offer for name, offer in nodes.items() if offer.get("CPU")}


def _ask_for_a_node(cpus: float) -> Any:
    asking = ray.remote(_nothing).options(name="moments:queue waits for a node", num_cpus=cpus, max_retries=0)
    return asking.remote()


async def _ended(task: Any) -> bool:
    ended, _ = await asyncio.to_thread(ray.wait, [task], timeout=0)
    return bool(ended)


def _nothing() -> None:
    """Do nothing, as soon as a whole node is free."""
