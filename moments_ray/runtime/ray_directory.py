"""The directory of a Ray of our own: made, and removed with every process that still uses it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

import psutil

MARK = "MOMENTS_RAY_DIRECTORY"
"""Stands in the environment of every process of a Ray of our own."""

_KILL_SECONDS = 10.0
_KILL_POLL_SECONDS = 0.05
_LONGEST_ROOT = 10  # of a socket's path, 93 characters are the directory's name and what Ray adds


def make_directory() -> Path:
    """Make a directory for a Ray of this process, and remove what is left of those whose process died.

    Ray's sockets live in it, and a socket's path holds 103 characters (macOS): hence not in ``MOMENTS_HOME``, nor where
    macOS keeps a user's temporary files.
    """
    root = Path(tempfile.gettempdir())
    if len(os.fsencode(root)) > _LONGEST_ROOT:
        root = Path("/tmp")  # noqa: S108 - the directory gets a name nobody can guess and is ours alone
    for left in root.glob("moments-ray-*-*"):
        owner = left.name.split("-")[2]
        if not owner.isdecimal():
            continue
        with contextlib.suppress(FileNotFoundError):  # somebody else is removing it
            if left.lstat().st_uid == os.geteuid() and not psutil.pid_exists(int(owner)):
                remove_traces(left)
    return Path(tempfile.mkdtemp(prefix=f"moments-ray-{os.getpid()}-", dir=root))


def remove_traces(directory: Path) -> None:
    """End what still runs of the Ray that had this directory, and remove that; its head need not be there any more.

    Some of Ray's processes take a minute to notice that they are alone.
    """
    deadline = time.monotonic() + _KILL_SECONDS
    while (left := _processes_of(directory)) and time.monotonic() < deadline:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_KILL_POLL_SECONDS)
    shutil.rmtree(directory, ignore_errors=True)


def _processes_of(directory: Path) -> list[int]:
    """Return those with our mark or with a file of the directory open: a title may be written over the mark."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):  # gone meanwhile, or another user's
            if process.pid != os.getpid() and (
                process.environ().get(MARK) == str(directory)
                or any(Path(file.path).is_relative_to(directory) for file in process.open_files())
            ):
                found.append(process.pid)
    return found
