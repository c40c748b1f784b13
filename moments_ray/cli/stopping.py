"""Commands end in good order when they are told to, by SIGINT and by SIGTERM alike."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_POLL_SECONDS = 0.1


class Stopped(Exception):
    """A signal stopped the command; ``status`` is what shells expect of it then."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.status = 128 + number


async def unless_stopped(work: Coroutine[Any, Any, T]) -> T:
    """Return what the work returns, or have it unwind on a signal; a second signal ends the process at once.

    Work that stays until it is told to stop returns then.

    Raises:
        Stopped: the work was told to unwind, and broke off.
    """
    loop = asyncio.get_running_loop()
    stopped: asyncio.Future[int] = loop.create_future()
    working = asyncio.create_task(work)
    waited: set[asyncio.Future[Any]] = {stopped, working}
    for number in _SIGNALS:
        loop.add_signal_handler(number, _set_once, stopped, number)
    while not (stopped.done() or working.done()):
        take_signals_back()  # again and again: Ray's come whenever it starts a part of itself
        await asyncio.wait(waited, timeout=_POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    for number in _SIGNALS:
        loop.remove_signal_handler(number)
        signal.signal(number, signal.SIG_DFL)
    if working.done():
        return working.result()
    working.cancel()
    try:
        return await working
    except asyncio.CancelledError:
        raise Stopped(stopped.result()) from None


def take_signals_back() -> None:
    """Put Python's handlers back where Ray put its own, which abort the process; for the main thread."""
    for number in _SIGNALS:
        signal.signal(number, signal.getsignal(number))
        signal.siginterrupt(number, False)  # as asyncio has it: calls that were interrupted go on


def _set_once(stopped: asyncio.Future[int], number: int) -> None:
    if not stopped.done():
        stopped.set_result(number)
