"""A process's entry: settings resolved, services there, Ray started, the environment connected."""

from moments_ray.runtime.connection import (
    connect,
    connect_detached,
    migrate,
    open_redis,
    require_services,
    run_service,
    services,
    warm_up,
)
from moments_ray.runtime.nodes import Node, node_offer, nodes
from moments_ray.runtime.ray_cluster import Cluster, cluster

__all__ = [
    "Cluster",
    "Node",
    "cluster",
    "connect",
    "connect_detached",
    "migrate",
    "node_offer",
    "nodes",
    "open_redis",
    "require_services",
    "run_service",
    "services",
    "warm_up",
]
