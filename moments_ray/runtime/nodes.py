"""The nodes of the cluster that this process has joined, and what one of our own offers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

import ray

from moments_ray.settings import Settings


@dataclass(frozen=True)
class Node:
    """A living node of the cluster: its id, its address, what it offers in all, and whether it is this process's.

    ``metrics_port`` is where Prometheus finds its metrics.
    """

    identifier: str
    address: str
    resources: Mapping[str, float]
    here: bool
    metrics_port: int


def node_offer(settings: Settings) -> dict[str, float]:
    """Return what the one node of a Ray of our own offers."""
    return {"CPU": max(os.cpu_count() or 1, settings.resources.minimum_cpus), **custom_resources(settings)}


def custom_resources(settings: Settings) -> dict[str, float]:
    """Return the custom resources of one node."""
    offer = settings.resources
    return {"audio_extraction": offer.audio_extraction, "clip_extraction": offer.clip_extraction}


def nodes() -> list[Node]:
    """Return the living nodes of the cluster that this process has joined."""
    living = [node for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
    here = ray.get_runtime_context().get_node_id()
    return [
        Node(
            node["NodeID"],
            node["NodeManagerAddress"],
            node["Resources"],
            here=node["NodeID"] == here,
            metrics_port=node["MetricsExportPort"],
        )
        for node in living
    ]
