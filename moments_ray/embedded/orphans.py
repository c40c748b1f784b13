"""No server outlives its supervisor for long: the system stops it, and orphans are found before the next start.

A orphan is found by its program's name and its working directory, which no stale pid file can forge.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from moments_ray.process.operating_system import SYSTEM

_POLL_SECONDS = 0.05


def stopped_with_parent(number: signal.Signals) -> Callable[[], None]:
    """Return what a child does before exec: see to it that it is sent a signal when this process dies."""
    parent = os.getpid()
    return lambda: SYSTEM.end_with_parent(parent, number)


def working_in(directory: Path, program: str) -> list[int]:
    """Return the ids of a program's processes that work in a directory, as far as this user may see them."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):  # gone meanwhile, or another user's
            if process.name() == program and process.cwd() == str(directory):
                found.append(process.pid)
    return found


async def stop_orphans(directory: Path, program: str, stop_signal: signal.Signals, timeout: float) -> None:
    """Stop a program's processes that work in a directory: asked first, after ``timeout`` seconds killed."""
    deadline = time.monotonic() + timeout
    asked: set[int] = set()
    while orphans := working_in(directory, program):
        late = time.monotonic() >= deadline
        for pid in orphans:
            if late or pid not in asked:
                _signal(pid, signal.SIGKILL if late else stop_signal)
                asked.add(pid)
        await asyncio.sleep(_POLL_SECONDS)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
