"""The one way in which the tests of a cluster wait."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable

_POLL_SECONDS = 0.2


async def until(holds: Callable[[], bool | Awaitable[bool]], seconds: float) -> float:
    """Wait until ``holds()`` is true and return how many seconds that took; ``TimeoutError`` if it is not in time."""
    began = time.monotonic()
    async with asyncio.timeout(seconds):
        while True:
            held = holds()
            if await held if inspect.isawaitable(held) else held:
                return time.monotonic() - began
            await asyncio.sleep(_POLL_SECONDS)
