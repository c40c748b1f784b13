"""Asks a cluster what its nodes offer: ``python -m moments_ray.cli.cluster_probe ADDRESS``.

In a process of its own, because Ray's attempts to join may take minutes and end the process that makes them.
"""

from __future__ import annotations

import json
import sys

from moments_ray import runtime
from moments_ray.errors import MomentsError
from moments_ray.settings import Settings


def main(address: str) -> int:
    """Print one JSON document: the ``nodes``, or the ``error``."""
    try:
        with runtime.cluster(Settings().model_copy(update={"ray_address": address})):
            answer: dict[str, object] = {"nodes": [dict(node.resources) for node in runtime.nodes()]}
    except MomentsError as error:
        answer = {"error": [{"code": error.code, "message": error.message}]}
    sys.stdout.write(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
