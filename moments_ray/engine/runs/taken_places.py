"""The places of one worker that are taken, and by whom."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class TakenPlaces:
    """Tasks of a worker, each of which has a place until it gives it back or ends; lives in one event loop."""

    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[Any]] = set()
        self._holders: dict[asyncio.Task[Any], bool] = {}  # and whether others need not wait for this one
        self._given_back = asyncio.Event()

    def start(self, work: Coroutine[Any, Any, None], *, waitable: bool = False) -> asyncio.Task[None]:
        """Begin something that takes a place; work of higher priority does not wait for what is ``waitable``."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        self._holders[task] = waitable
        task.add_done_callback(self._end)
        return task

    @property
    def count(self) -> int:
        """How many places are taken."""
        return len(self._holders)

    @property
    def count_waitable(self) -> int:
        """How many of them are taken by what work of higher priority does not wait for."""
        return sum(self._holders.values())

    def give_back(self) -> None:
        """Give back the place of the calling task: what it has left to do needs none."""
        task = asyncio.current_task()
        if task is not None and self._holders.pop(task, None) is not None:
            self._given_back.set()

    async def wait_for_one(self, seconds: float) -> None:
        """Wait until a place is given back, for so many seconds at the most."""
        self._given_back.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._given_back.wait()
        except TimeoutError:
            return

    def _end(self, task: asyncio.Task[Any]) -> None:
        self.tasks.discard(task)
        self._holders.pop(task, None)
        self._given_back.set()
