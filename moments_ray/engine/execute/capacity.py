"""Whether the cluster has a node for a stage, and waiting for one in a way that an autoscaler sees."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import ray
import structlog

from moments_ray.engine.pipeline import Step, Unit
from moments_ray.engine.resources import Resources
from moments_ray.engine.stage import Stage
from moments_ray.errors import NoCapacity
from moments_ray.settings import Settings

log = structlog.get_logger()

Nodes = Mapping[str, Mapping[str, float]]
"""The living nodes of the cluster by their identifiers, with what each offers in all."""

_POLL_SECONDS = 2.0
_KNOWN_SECONDS = 10.0  # a cluster's nodes come and go more seldom than stages

_nodes: tuple[float, Nodes] = (-math.inf, {})


async def await_capacity(unit: Unit, stop: asyncio.Future[Any], seconds: float) -> Nodes:
    """Wait until the cluster has a node on which every step fits, or ``stop``, and return the nodes there are.

    Raises:
        NoCapacity: it had none within so many seconds.
    """
    nodes = await known_nodes(_KNOWN_SECONDS)
    for step in (unit,) if isinstance(unit, Stage) else unit:
        if not step.resources.fits(nodes.values()):
            nodes = await _await_node(step, stop, seconds)
    return nodes


def granted(stage: Stage, settings: Settings, nodes: Nodes) -> Resources:
    """Return what a stage asks for: its share of a GPU as well, where some node offers that beside the rest."""
    share = stage.gpu_share(settings) if stage.gpu_share is not None else 0.0
    with_gpu = replace(stage.resources, gpus=share)
    return with_gpu if share > 0 and with_gpu.fits(nodes.values()) else stage.resources


async def _await_node(step: Step, stop: asyncio.Future[Any], seconds: float) -> Nodes:
    needs = ", ".join(f"{name} {amount:g}" for name, amount in step.resources.requirements().items())
    log.warning("stage.waiting_for_resources", stage=step.name, needs=needs)
    loop = asyncio.get_running_loop()
    give_up = loop.time() + seconds
    with _demand(step.name, step.resources):
        while True:
            nodes = await known_nodes(0.0)
            if stop.done() or step.resources.fits(nodes.values()):
                return nodes
            if loop.time() > give_up:
                raise NoCapacity(f"No node of the cluster offers what {step.name} asks for: {needs}")
            await asyncio.wait([stop], timeout=_POLL_SECONDS)


@contextlib.contextmanager
def _demand(stage: str, resources: Resources) -> Iterator[None]:
    """Have the cluster know that a stage waits for a node: an autoscaler sees tasks that wait, not who asks."""
    options = resources.ray_options()
    waiting = ray.remote(_nothing).options(name=f"moments:{stage} waits for a node", max_retries=0, **options).remote()
    try:
        yield
    finally:
        with contextlib.suppress(ray.exceptions.RayError):
            ray.cancel(waiting)


def _nothing() -> None:
    """Do nothing, as soon as there is a node to do it on."""


async def known_nodes(oldest: float) -> Nodes:
    """Return the living nodes of the cluster, known for at most ``oldest`` seconds; longer while its head is away.

    Raises:
        RayError: the head is away, and was never asked.
    """
    global _nodes  # noqa: PLW0603 - one cluster a process
    now = asyncio.get_running_loop().time()
    if now - _nodes[0] >= oldest:
        try:
            _nodes = now, await asyncio.to_thread(living_nodes)
        except ray.exceptions.RayError as error:
            if not _nodes[1]:
                raise
            log.warning("cluster.nodes_unknown", error=str(error))
    return _nodes[1]


def living_nodes() -> Nodes:
    """Ask the cluster for its living nodes."""
    return {node["NodeID"]: node["Resources"] for node in ray.nodes() if node["Alive"]}  # type: ignore[no-untyped-call]
