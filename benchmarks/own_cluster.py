"""A Ray of several nodes on this machine, and a home of its own for what is measured on it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from pydantic import SecretStr
from ray.cluster_utils import Cluster

from benchmarks.own_home import own_home
from benchmarks.own_ray import own_ray
from moments_ray import runtime
from moments_ray.embedded.services import embedded_services
from moments_ray.settings import Settings


@contextlib.contextmanager
def cluster_of(count: int, node: Mapping[str, Any]) -> Iterator[str]:
    """Run a Ray of a head without CPUs and ``count`` nodes that offer what ``node`` says; gives its address."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        for _ in range(count):
            cluster.add_node(**node)
        yield str(cluster.address)
    finally:
        cluster.shutdown()  # type: ignore[no-untyped-call]


@contextlib.asynccontextmanager
async def joined(address: str, **more: Any) -> AsyncIterator[Settings]:
    """Join a Ray in a home of its own with a PostgreSQL and a Redis; gives the settings, with ``more`` of them."""
    with own_home(**more) as settings:
        async with embedded_services(settings) as found:
            urls = {"database_url": SecretStr(found.database_url), "redis_url": SecretStr(found.redis_url)}
            served = settings.model_copy(update={**urls, "ray_address": address})
            await runtime.migrate(served)
            with own_ray(served):
                yield served
