"""Advisory locks between processes, dropped by the kernel when their holder dies, however it dies."""

from __future__ import annotations

import asyncio
import fcntl
import os
from pathlib import Path
from types import TracebackType

_POLL_SECONDS = 0.03


class FileLock:
    """A ``flock`` on a file that is made if need be and never removed.

    The file stays open from construction to ``close``, so the lock keeps meaning the same file even if its
    directory is removed and made again meanwhile. Two instances exclude each other, also within one process.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def try_acquire(self, *, shared: bool = False) -> bool:
        """Take the lock if nobody stands in the way; a held lock changes to the asked kind."""
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    async def acquire(self, *, shared: bool = False) -> None:
        """Wait for the lock; polled, because a thread blocked in ``flock`` could not be cancelled."""
        while not self.try_acquire(shared=shared):  # noqa: ASYNC110 - the kernel notifies nobody of it
            await asyncio.sleep(_POLL_SECONDS)

    def wait(self, *, shared: bool = False) -> None:
        """Wait for the lock in a thread of its own: for what is held for moments only."""
        fcntl.flock(self._descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)

    def release(self) -> None:
        """Give the lock back and keep the file open."""
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def still_named(self) -> bool:
        """Tell whether the path still means this file: who removes lock files must hold them, who takes them ask."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return False
        own = os.fstat(self._descriptor)
        return (found.st_dev, found.st_ino) == (own.st_dev, own.st_ino)

    def close(self) -> None:
        """Give the lock back for good."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> FileLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
