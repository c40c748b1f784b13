"""More nodes on this machine, for the Ray that this process has joined on loopback."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import ray
from ray._private.node import Node
from ray._private.parameter import RayParams

_OBJECT_STORE_BYTES = 100_000_000


@contextmanager
def one_more_node(resources: Mapping[str, float], cpus: int = 1) -> Iterator[None]:
    """Have one more node with these custom resources in the cluster, and kill it at once at the end."""
    params = RayParams(
        gcs_address=ray.get_runtime_context().gcs_address,
        node_ip_address="127.0.0.1",
        node_manager_port=0,
        min_worker_port=0,
        max_worker_port=0,
        num_cpus=cpus,
        num_gpus=0,
        resources=dict(resources),
        object_store_memory=_OBJECT_STORE_BYTES,
    )
    node = Node(params, head=False, shutdown_at_exit=False, spawn_reaper=False)
    try:
        yield
    finally:
        node.kill_all_processes(check_alive=False, allow_graceful=False, wait=True)
