"""Where replicas run that are no business of the nodes that run stages."""

from __future__ import annotations

from typing import Any

_A_TRACE = 0.001  # Ray gives every node one of a resource of its own name, to be asked for in parts


def on_node(address: str) -> dict[str, Any]:
    """Return the options of actors that run on the node of this address, and are counted to none of its CPUs."""
    return {"num_cpus": 0, "resources": {f"node:{address}": _A_TRACE}}
