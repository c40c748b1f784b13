"""What Linux does for a process, and what is done in its stead elsewhere; chosen once, by ``sys.platform``.

``media/child.py`` imports this before there are site-packages: the standard library only.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from typing import Protocol

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_WATCH_SECONDS = 0.2
_MOST_DESCRIPTORS = 4096  # of a process that is just about to begin


class OperatingSystem(Protocol):
    """What a process asks of the system for itself, before it becomes another program."""

    unkept_limits: frozenset[str]
    """The names of limits in ``resource`` that this system knows but does not keep."""

    def end_with_parent(self, parent: int, number: signal.Signals) -> None:
        """Have this process sent a signal when its parent, of that id, dies; survives exec."""

    def cut_network(self) -> None:
        """Leave every network, as far as that may be; survives exec."""


class Linux:
    """The kernel does it."""

    unkept_limits: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)  # now: nothing may be loaded between fork and exec

    def end_with_parent(self, parent: int, number: signal.Signals) -> None:
        """Ask for a signal at the parent's death; to be asked after ``cut_network``, which forgets it."""
        self._libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)  # it died before the line above

    def cut_network(self) -> None:
        """Enter an empty network namespace."""
        if self._libc.unshare(_CLONE_NEWNET) != 0:
            # An ordinary user needs a user namespace first. Where neither is allowed (some containers), nothing is cut.
            self._libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


class Unix:
    """macOS and its like: a process of ours stands watch, and the network stays."""

    unkept_limits = frozenset({"RLIMIT_AS"})  # macOS refuses to lower it

    def end_with_parent(self, parent: int, number: signal.Signals) -> None:
        """Fork a watcher that sends the signal within a fifth of a second of the parent's death, and ends with us."""
        watched = os.getpid()
        if os.getppid() != parent:
            os._exit(1)
        if os.fork() == 0:
            try:
                _forget_the_parent()
                _watch(watched, parent, number)
            finally:
                os._exit(0)

    def cut_network(self) -> None:
        """Do nothing: there is no such thing for an ordinary user; which protocols are opened is limited elsewhere."""


def _forget_the_parent() -> None:
    """Let go of the files and the ways of taking signals that a fork inherits: pipes would stay open."""
    with contextlib.suppress(ValueError):  # not the main thread: then nothing was set
        signal.set_wakeup_fd(-1)
        for taken in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(taken, signal.SIG_DFL)
    os.closerange(0, _MOST_DESCRIPTORS)


def _watch(watched: int, parent: int, number: signal.Signals) -> None:
    """Signal the watched process, whose child this is, once when its parent is gone; return at its end."""
    told = False
    while os.getppid() == watched:
        if not told and not _lives(parent):
            os.kill(watched, number)
            told = True
        time.sleep(_WATCH_SECONDS)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


SYSTEM: OperatingSystem = Linux() if sys.platform == "linux" else Unix()
