"""Whether a ``moments up`` of this home lives: it holds a lock, which the kernel drops however it ends."""

from __future__ import annotations

from pathlib import Path

from moments_ray.file_lock import FileLock
from moments_ray.settings import Settings


def server_lock(settings: Settings) -> Path:
    """Return the file that a server of this home keeps locked for its life."""
    return settings.home / "run" / "server.lock"


def server_lives(settings: Settings) -> bool:
    """Tell whether a server of this home is there; while it starts or drains it counts as one."""
    path = server_lock(settings)
    if not path.exists():
        return False
    with FileLock(path) as lock:
        return not lock.try_acquire(shared=True)
