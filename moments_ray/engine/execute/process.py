"""What a process needs to execute stages: connected once, kept as long as the process lives."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any

import structlog

from moments_ray.engine.environment import Connect, Environment, T
from moments_ray.engine.scratch import sweep_scratch
from moments_ray.errors import DatabaseUnavailable
from moments_ray.process.application_log import log_to_home
from moments_ray.settings import Settings

log = structlog.get_logger()


class Process:
    """This process's event loop and environment, shared by the stages it executes one after another.

    ``run`` is ``asyncio.run`` with a loop that stays: a connection to PostgreSQL costs more than most commits,
    and ``ray.cancel`` still reaches the running coroutine as CancelledError. Between stages the loop stands still, so a
    thread of its own then clears the node's scratch and closes what has been idle: a worker process of Ray may wait for
    its next stage for ever.
    """

    def __init__(self, connect: Connect, settings: Settings) -> None:
        self.key = (connect, settings)
        log_to_home(settings.home, settings.log_level, settings.environment)
        self._runner = asyncio.Runner()
        self._turn = threading.Lock()
        self._idle: threading.Timer | None = None
        self.environment = self._runner.run(_connected(connect, settings))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end in the process's loop."""
        with self._turn:
            if self._idle is not None:
                self._idle.cancel()
            try:
                return self._runner.run(work)
            finally:
                self._idle = threading.Timer(self.environment.settings.database.idle_seconds, self._rest)
                self._idle.daemon = True
                self._idle.start()

    def _rest(self) -> None:
        with self._turn:
            if self._idle is threading.current_thread():  # else a stage began, and ended, meanwhile
                self._runner.run(self._clear_and_rest())

    async def _clear_and_rest(self) -> None:
        try:
            await sweep_scratch(self.environment.settings.scratch, self.environment.database)
        except (DatabaseUnavailable, OSError) as error:  # whoever rests next clears away
            log.warning("scratch.not_swept", error=str(error))
        finally:
            await self.environment.database.rest()


async def _connected(connect: Connect, settings: Settings) -> Environment:
    return connect(settings)


_process: Process | None = None


def process(connect: Connect, settings: Settings) -> Process:
    """Return this process's loop and environment, connecting on the first call."""
    global _process  # noqa: PLW0603 - one per process is what it is
    if _process is None or _process.key != (connect, settings):
        _process = Process(connect, settings)
    return _process
