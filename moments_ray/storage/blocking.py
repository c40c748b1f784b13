"""Blocking calls away from the event loop, and what their failures mean."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ParamSpec, TypeVar

from moments_ray.errors import DiskFull, ObjectMissing, StorageError, StorageForbidden

P = ParamSpec("P")
T = TypeVar("T")

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_ACCESS = {errno.EACCES, errno.EPERM, errno.EROFS}


async def in_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a blocking call in a thread; when cancelled, return only after it: it may use what the caller then closes.

    A server that gives up an answer cancels again and again until its task has ended.
    """
    running = asyncio.ensure_future(asyncio.to_thread(call, *args, **kwargs))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({running})
        if not running.cancelled():
            running.exception()  # retrieved, so that asyncio does not report what nobody waits for any more
        raise


@contextlib.contextmanager
def file_errors(path: Path, needed: int = 0) -> Iterator[None]:
    """Turn failures of file operations near ``path`` into errors of the store; ``needed`` is for the message (bytes).

    Raises:
        DiskFull: there is no space.
        StorageForbidden: this user may not.
        StorageError: anything else.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise disk_full(path, needed) from error
        if error.errno in _NO_ACCESS:
            raise StorageForbidden(
                f"{error.filename or path} may not be used by this user: {error.strerror}."
            ) from error
        raise StorageError(f"{error.filename or path} failed: {error.strerror or error}.") from error


def free_bytes(path: Path) -> int:
    """Return the room on a path's disk, whether or not the path is there yet."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free


def require_free_space(path: Path, needed: int) -> None:
    """Check before anything is written that it can be written.

    Raises:
        DiskFull: there is no space for ``needed`` bytes.
    """
    if free_bytes(path) < needed:
        raise disk_full(path, needed)


def disk_full(path: Path, needed: int) -> DiskFull:
    """Return the error that says how much is missing where."""
    free = free_bytes(path)
    return DiskFull(
        f"There is no space for {needed:,} bytes at {path}, where {free:,} are free: "
        "free some, raise the limit on file sizes, or set MOMENTS_HOME to a larger disk.",
        {"free_bytes": free, "needed_bytes": needed},
    )


def missing(name: str) -> ObjectMissing:
    """Return the error for a name that is not there."""
    return ObjectMissing(f"There is no object {name!r} in the store.", {"name": name})
