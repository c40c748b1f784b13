"""What a process needs to execute stages: connected once, kept as long as the process lives."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from moments_ray.engine.environment import Connect, Environment, T
from moments_ray.settings import Settings


class Process:
    """This process's event loop and environment, shared by the stages it executes one after another.

    ``run`` is ``asyncio.run`` with a loop that stays: a connection to PostgreSQL costs more than most commits,
    and ``ray.cancel`` still reaches the running coroutine as CancelledError.
    """

    def __init__(self, connect: Connect, settings: Settings) -> None:
        self.key = (connect, settings)
        self._runner = asyncio.Runner()
        self.environment = self._runner.run(_connected(connect, settings))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end in the process's loop."""
        return self._runner.run(work)


async def _connected(connect: Connect, settings: Settings) -> Environment:
    return connect(settings)


_process: Process | None = None


def process(connect: Connect, settings: Settings) -> Process:
    """Return this process's loop and environment, connecting on the first call."""
    global _process  # noqa: PLW0603 - one per process is what it is
    if _process is None or _process.key != (connect, settings):
        _process = Process(connect, settings)
    return _process
