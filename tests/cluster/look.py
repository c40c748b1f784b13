"""What Ray's autoscaler knows of a cluster; a program for one of its machines.

    python -m tests.cluster.look demand SECONDS        (until somebody waits for resources)
    python -m tests.cluster.look idle ADDRESS SECONDS  (until that node counts as idle)

It prints the time, in seconds since 1970, at which that was so, and ends with 1 where it was not within the seconds.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time

from ray.autoscaler.v2.schema import ClusterStatus
from ray.autoscaler.v2.sdk import get_cluster_status

from tests.cluster.waiting import until


def _demanded(status: ClusterStatus) -> bool:
    return bool(status.resource_demands.ray_task_actor_demand)


def _idle(status: ClusterStatus, address: str) -> bool:
    return address in {node.ip_address for node in status.idle_nodes}


def _main(what: str, *rest: str) -> None:
    *of, seconds = rest
    holds = _demanded if what == "demand" else lambda status: _idle(status, of[0])
    try:
        asyncio.run(until(lambda: holds(_status()), float(seconds)))
    except TimeoutError:
        busy = {node.ip_address: node.node_activity for node in _status().active_nodes}
        sys.exit(f"not within {seconds} s; active: {busy}")
    sys.stdout.write(f"{time.time()}\n")


def _status() -> ClusterStatus:
    return get_cluster_status(os.environ["RAY_ADDRESS"])


if __name__ == "__main__":
    _main(*sys.argv[1:])
