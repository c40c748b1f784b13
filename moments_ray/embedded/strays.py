"""No server outlives its keeper for long: the kernel stops it, and strays are found before the next start.

A stray is found by its program's name and its working directory, which no stale pid file can forge.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

_POLL_SECONDS = 0.05
_PR_SET_PDEATHSIG = 1


def stopped_with_parent(number: signal.Signals) -> Callable[[], None]:
    """Return what a child does before exec: ask the kernel for a signal when this process dies."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def arrange() -> None:
        prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return arrange


def working_in(directory: Path, program: str) -> list[int]:
    """Return the ids of a program's processes that work in a directory, as far as this user may see them."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                here = (entry / "cwd").readlink() == directory
                if here and (entry / "comm").read_text().strip() == program:
                    found.append(int(entry.name))
            except OSError:  # gone meanwhile, a kernel thread, or another user's
                continue
    return found


async def stop_strays(directory: Path, program: str, stop_signal: signal.Signals, patience: float) -> None:
    """Stop a program's processes that work in a directory: asked first, after ``patience`` seconds killed."""
    deadline = time.monotonic() + patience
    asked: set[int] = set()
    while strays := working_in(directory, program):
        late = time.monotonic() >= deadline
        for pid in strays:
            if late or pid not in asked:
                _signal(pid, signal.SIGKILL if late else stop_signal)
                asked.add(pid)
        await asyncio.sleep(_POLL_SECONDS)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
