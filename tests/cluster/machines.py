"""A cluster of plain machines: head, server and media nodes by the units of ``deploy/systemd/``."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.cluster.network import Machine
from tests.cluster.services import Services
from tests.cluster.units import ROOT, Unit
from tests.cluster.waiting import until

READY_SECONDS = 240.0


class Cluster:
    """The machines, what is started on them, and commands given on them."""

    def __init__(self, machines: Mapping[str, Machine], services: Services) -> None:
        self.machines = machines
        self.services = services
        self.head = machines["head"]
        self.settings = {
            **services.environment(self.head.address),
            "MOMENTS_HOME": str(services.settings.home),
        }
        self.units: list[Unit] = []

    def unit(self, name: str, machine: Machine, **more: str) -> Unit:
        """Start a unit on a machine."""
        unit = Unit(name, machine, {**self.settings, **more}, MOMENTS_HOME=self.settings["MOMENTS_HOME"])
        self.units.append(unit)
        unit.start()
        return unit

    async def start_head(self) -> tuple[Unit, Unit]:
        """Start Ray's head, whose state is in a Redis of its own, and the server beside it."""
        head = self.unit("moments-head", self.head, RAY_REDIS_ADDRESS=self.services.ray_redis)
        await until(lambda: "--block" in head.said, READY_SECONDS)
        return head, self.unit("moments-up", self.head)

    def run(
        self, *words: str, machine: Machine | None = None, timeout: float = 300
    ) -> subprocess.CompletedProcess[str]:
        """Give a command on a machine, the head unless another is named, and return how it ended."""
        where = machine or self.head
        return subprocess.run(
            where.command([self._program(words[0]), *words[1:]]),
            env=self.environment(),
            cwd=where.directory,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def begin(self, log: str, *words: str) -> subprocess.Popen[bytes]:
        """Begin a command on the head."""
        return self.head.start([self._program(words[0]), *words[1:]], self.environment(), log)

    def environment(self) -> dict[str, str]:
        """Return what a person on a machine has in the environment."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("RAY_", "MOMENTS_"))}
        return {
            **kept,
            **self.settings,
            "PATH": f"{Path(sys.executable).parent}:{kept['PATH']}",
            "PYTHONPATH": str(ROOT),
            "RAY_AUTH_MODE": "token",
            "RAY_USAGE_STATS_ENABLED": "0",
        }

    def end(self) -> None:
        """Stop what was started, last first."""
        for unit in reversed(self.units):
            unit.stop(20)

    @staticmethod
    def _program(name: str) -> str:
        return sys.executable if name == "python" else str(Path(sys.executable).with_name(name))


@contextlib.contextmanager
def cluster(machines: Mapping[str, Machine], services: Services) -> Iterator[Cluster]:
    """Give a cluster with nothing started; at the end nothing is."""
    built = Cluster(machines, services)
    try:
        yield built
    finally:
        built.end()
