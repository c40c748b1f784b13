"""Requests of many callers sent together: what is asked for while the last batch is on its way is the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
A = TypeVar("A")

# Sends items and returns an answer to each, or the error that its caller is to get.
Send = Callable[[Sequence[T]], Awaitable[Sequence[A | BaseException]]]


class Batches(Generic[T, A]):
    """Hands items on in batches, one at a time and in order; the first is not held up for others to come.

    ``most`` items are sent at once.
    """

    def __init__(self, send: Send[T, A], *, most: int = 100) -> None:
        self._send = send
        self._most = most
        self._waiting: list[tuple[T, asyncio.Future[A]]] = []
        self._sending: asyncio.Task[None] | None = None

    async def add(self, item: T) -> A:
        """Have an item sent and return the answer to it; a caller that is cancelled calls nothing back."""
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send_waiting())
        return await answer

    async def _send_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            try:
                answers: Sequence[A | BaseException] = await self._send([item for item, _ in batch])
            except asyncio.CancelledError:  # the loop ends
                for _, waiting in (*batch, *self._waiting):
                    waiting.cancel()
                self._waiting = []
                raise
            except Exception as error:  # noqa: BLE001 - each of the callers raises it
                answers = [error] * len(batch)
            for (_, waiting), answer in zip(batch, answers, strict=True):
                if waiting.done():
                    continue
                if isinstance(answer, BaseException):
                    waiting.set_exception(answer)
                else:
                    waiting.set_result(answer)
