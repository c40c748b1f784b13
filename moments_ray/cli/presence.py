"""Whether a ``moments up`` of this home lives: it holds a lock, which the kernel drops however it ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from moments_ray.errors import InvalidRequest
from moments_ray.process.file_lock import FileLock
from moments_ray.settings import Settings

_TIMEOUT_SECONDS = 1.0  # who only asks whether a server lives holds the lock for microseconds


def _lock_path(settings: Settings) -> Path:
    return settings.home / "run" / "server.lock"


def server_lives(settings: Settings) -> bool:
    """Tell whether a server of this home is there; while it starts or drains it counts as one."""
    path = _lock_path(settings)
    if not path.exists():
        return False
    with FileLock(path) as lock:
        return not lock.try_acquire(shared=True)


@contextlib.asynccontextmanager
async def sole_server(settings: Settings) -> AsyncIterator[None]:
    """Be the server of this home until the block ends.

    Raises:
        InvalidRequest: another one lives, or the home cannot be used.
    """
    path = _lock_path(settings)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(path)
    except OSError as error:
        raise InvalidRequest(
            f"{settings.home} cannot be used ({error.strerror}): set MOMENTS_HOME to a directory of your own."
        ) from error
    with lock:
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                await lock.acquire()
        except TimeoutError:
            raise InvalidRequest(
                f"A `moments up` of {settings.home} is running already: use it, stop it, or set another MOMENTS_HOME."
            ) from None
        yield
