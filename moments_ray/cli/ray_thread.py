"""The thread in which a command that stays makes Ray's blocking calls, and what becomes of them when Ray is lost."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import structlog

from moments_ray.errors import RayUnavailable
from moments_ray.runtime.ray_cluster import Cluster
from moments_ray.runtime.ray_directory import remove_traces

T = TypeVar("T")

_POLL_SECONDS = 0.25
_HEAD_POLL_SECONDS = 1.0
_HEAD_SECONDS = 60.0  # a head with a Redis of its own is there again by then; without, Ray's nodes give up too

log = structlog.get_logger()


class RayThread:
    """One thread for all of Ray's calls: the kernel ends Ray's processes with the thread that started them.

    In the main thread Ray would also take SIGTERM for itself. Calls to a Ray of our own whose head is gone never
    return, and no thread can be ended: they are left alone, and the process must end without waiting for its threads.
    """

    def __init__(self, *, head_poll_seconds: float = _HEAD_POLL_SECONDS, head_seconds: float = _HEAD_SECONDS) -> None:
        self._head_poll_seconds = head_poll_seconds
        self._head_seconds = head_seconds
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="ray")
        self._lost = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None

    @property
    def lost(self) -> bool:
        """Whether Ray's head is gone."""
        return self._lost.is_set()

    @contextlib.asynccontextmanager
    async def joined(self, joining: AbstractContextManager[Cluster]) -> AsyncIterator[Cluster]:
        """Join a cluster for the block, and end what is left of one of our own that is lost."""
        try:
            async with self.within(joining) as cluster:
                self._watch = asyncio.create_task(self._notice_loss(cluster))
                yield cluster
        finally:
            if self._watch is not None:
                self._watch.cancel()
            if self.lost and cluster.directory is not None:
                await asyncio.to_thread(remove_traces, cluster.directory)

    @contextlib.asynccontextmanager
    async def within(self, manager: AbstractContextManager[T]) -> AsyncIterator[T]:
        """Enter and leave a context in the thread; what cannot be left because Ray is lost is left alone."""
        entered = contextlib.ExitStack()
        try:
            yield await self.do(lambda: entered.enter_context(manager))
        finally:
            with contextlib.suppress(RayUnavailable):
                await self.do(entered.close)

    async def do(self, call: Callable[[], T]) -> T:
        """Call and await; when cancelled, only after the call has ended.

        Raises:
            RayUnavailable: Ray is lost, and the call with it.
        """
        if self.lost:
            raise _lost()
        calling = asyncio.get_running_loop().run_in_executor(self._pool, call)
        calling.add_done_callback(_look_at)
        cancelled: asyncio.CancelledError | None = None
        while not (calling.done() or self.lost):
            try:
                await self.unless_lost(calling)
            except asyncio.CancelledError as error:
                cancelled = error
        if not calling.done():
            raise _lost()
        if cancelled is not None:
            raise cancelled
        return calling.result()

    async def unless_lost(self, future: asyncio.Future[Any]) -> None:
        """Wait for the end of something, or of Ray."""
        losing = asyncio.create_task(self._lost.wait())
        try:
            await asyncio.wait({future, losing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            losing.cancel()

    async def until_lost(self) -> None:
        """Wait for Ray's end.

        Raises:
            RayUnavailable: it came.
        """
        await self._lost.wait()
        raise _lost()

    async def _notice_loss(self, cluster: Cluster) -> None:
        """Nothing notifies us when a process ends, so it is looked at again and again."""
        own = cluster.directory is not None
        clock = asyncio.get_running_loop().time
        silent_since: float | None = None
        while cluster.lives():
            if own or await asyncio.to_thread(cluster.has_head):
                if silent_since is not None:
                    log.warning("ray.head_answers_again", address=cluster.address)
                silent_since = None
            elif silent_since is None:
                silent_since = clock()
                log.error("ray.head_lost", address=cluster.address, wait_seconds=self._head_seconds)
            elif clock() - silent_since > self._head_seconds:
                break
            await asyncio.sleep(_POLL_SECONDS if own else self._head_poll_seconds)
        self._lost.set()


def _look_at(call: asyncio.Future[Any]) -> None:
    """Take note of how a call ended, which nobody may wait for any more: asyncio would complain."""
    if not call.cancelled():
        call.exception()


def _lost() -> RayUnavailable:
    return RayUnavailable("The Ray of this server ended, or its head did not come back: start the server again.")
