"""How many runs a worker for a whole cluster has under way, and asking for nodes while others wait."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence

import ray
import structlog

from moments_ray.engine.execute.capacity import Nodes, known_nodes

log = structlog.get_logger()

_KNOWN_SECONDS = 5.0
_ASKED_AT_MOST = 20  # nodes at a time; an autoscaler starts them in steps anyway
_ANSWER_SECONDS = 10.0
_REQUESTER = "moments:queue"


class ClusterPlaces:
    """``per_node`` runs at once for every node that has CPUs; without any node those of one, which ask for it.

    While runs wait beyond these, the autoscaler is asked for a cluster larger by as many nodes as they would fill. What
    a worker asked for lapses ``lapse_seconds`` after it was last repeated, and at most 20 seconds later.
    """

    def __init__(self, per_node: int, lapse_seconds: float) -> None:
        self._per_node = per_node
        self._lapse_seconds = lapse_seconds
        self._asked = True  # what a worker before this one asked for may stand

    async def count(self) -> int:
        """Return how many runs may be under way."""
        return self._per_node * max(1, len(await _media_nodes()))

    async def follow(self, waiting: int) -> None:
        """Ask for as many nodes as so many waiting runs would fill, or for none any more."""
        nodes = [offer["CPU"] for offer in (await _media_nodes()).values()]
        wanted = min(math.ceil(waiting / self._per_node), _ASKED_AT_MOST) if nodes else 0
        if wanted:
            log.info("cluster.nodes_wanted", nodes=wanted, waiting=waiting)
            await self._ask([*nodes, *[min(nodes)] * wanted])
        else:
            await self.close()

    async def close(self) -> None:
        """Ask for no node any more."""
        if self._asked:
            await self._ask([])

    async def _ask(self, nodes: Sequence[float]) -> None:
        """Ask for a cluster of nodes with so many CPUs each: of these, the ones that are there count."""
        self._asked = True
        try:
            await asyncio.wait_for(asyncio.to_thread(_request, nodes, self._lapse_seconds), _ANSWER_SECONDS)
        except (ray.exceptions.RayError, TimeoutError) as error:  # the head is away; the next sweep asks again
            log.warning("cluster.nodes_not_asked", error=str(error))
        else:
            self._asked = bool(nodes)


async def _media_nodes() -> Nodes:
    nodes = await known_nodes(_KNOWN_SECONDS)
    return {name: offer for name, offer in nodes.items() if offer.get("CPU")}


def _request(nodes: Sequence[float], lapse_seconds: float) -> None:
    """Ask by Ray Data's coordinator: with each tick of 20 seconds, and each stream, it overwrites who asks past it."""
    from ray.data._internal.cluster_autoscaler import (  # noqa: PLC0415 - 60 MB: who asks imports it
        ResourceRequestPriority,
        get_or_create_autoscaling_coordinator,
    )

    coordinator = get_or_create_autoscaling_coordinator()  # type: ignore[no-untyped-call]
    if nodes:
        answer = coordinator.request_resources.remote(
            requester_id=_REQUESTER,
            resources=[{"CPU": cpus} for cpus in nodes],
            expire_after_s=lapse_seconds,
            priority=ResourceRequestPriority.LOW,
        )
    else:
        answer = coordinator.cancel_request.remote(_REQUESTER)
    ray.get(answer, timeout=_ANSWER_SECONDS)
