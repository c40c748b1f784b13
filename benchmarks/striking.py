"""What is done to a system in the middle of its work, and what its parts noted of what they began."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import redis.asyncio as redis

Strike = Callable[[], Awaitable[None]]


def redis_dies(client: redis.Redis, timeout: float) -> Strike:
    """Have Redis lose everything and die; its supervisor starts it again within ``timeout`` seconds."""

    async def strike() -> None:
        pid = (await client.info("server"))["process_id"]
        await client.flushall()
        os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(timeout):
            while True:
                with contextlib.suppress(redis.RedisError, OSError):
                    if (await client.info("server"))["process_id"] != pid:
                        return
                await asyncio.sleep(0.05)

    return strike


def noted(notes: Path) -> list[str]:
    """Return the lines that were written, one for each beginning."""
    return notes.read_text().splitlines() if notes.exists() else []


def begun_twice(notes: Path) -> int:
    """Return how often something was begun that had been begun before."""
    return sum(count - 1 for count in Counter(noted(notes)).values())
