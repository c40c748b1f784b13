"""Servers that outlived their keeper: found by name and working directory, which no stale pid file can forge."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

_POLL_SECONDS = 0.05


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
