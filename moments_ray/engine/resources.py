"""A resource request as a value."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Resources:
    """What a stage asks of the node it runs on; Ray's scheduler is the only semaphore.

    ``cpus`` and ``gpus`` are logical, ``memory`` is bytes, ``custom`` names per-node resources of ``cluster.yaml``. A
    stage that asks for no cpus and nothing else only waits; the worker executes it itself, beside its other runs.
    """

    cpus: float = 1.0
    gpus: float = 0.0
    memory: int = 0
    custom: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        amounts = {"cpus": self.cpus, "gpus": self.gpus, "memory": self.memory, **self.custom}
        for name, amount in amounts.items():
            if amount < 0:
                raise ValueError(f"a stage cannot ask for {amount} of {name}")

    def requirements(self) -> dict[str, float]:
        """Return the request under the names Ray's scheduler counts by, without zeros."""
        amounts = {"CPU": self.cpus, "GPU": self.gpus, "memory": float(self.memory), **self.custom}
        return {name: amount for name, amount in amounts.items() if amount > 0}

    @property
    def light(self) -> bool:
        """Whether it is a part of a core and nothing else, which nobody waits for."""
        return self.cpus < 1 and not self.gpus and not self.memory and not self.custom

    def ray_options(self) -> dict[str, Any]:
        """Return the request as keyword arguments of ``ray.remote``."""
        options: dict[str, Any] = {"num_cpus": self.cpus, "num_gpus": self.gpus, "resources": dict(self.custom)}
        if self.memory:
            options["memory"] = self.memory
        return options

    def fits(self, nodes: Iterable[Mapping[str, float]]) -> bool:
        """Tell whether some single node is large enough."""
        needed = self.requirements()
        return any(all(node.get(name, 0) >= amount for name, amount in needed.items()) for node in nodes)

    def threads(self) -> int:
        """Return how many threads native code may use: what was asked for, within the machine's real cores."""
        return max(1, min(int(self.cpus), os.cpu_count() or 1))
