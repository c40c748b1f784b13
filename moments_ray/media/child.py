"""What every media child process runs first: limit itself, then become the tool or call one function.

``python -I -S child.py LIMITS exec ARGV…`` replaces itself by a tool; ``python -I -S child.py LIMITS call`` reads a job
from stdin and answers on stdout, one JSON document a line. Only the standard library is imported before the limits
stand, which keeps the start at about 30 ms and works where site-packages do not.
"""

from __future__ import annotations

import ctypes
import errno
import importlib
import json
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from typing import IO, Any

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_PROGRESS_INTERVAL_SECONDS = 0.1


def restrict(limits: dict[str, Any]) -> None:
    """Lower this process's limits, cut its network if asked, and tie its life to its parent's."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if not limits["network"] and libc.unshare(_CLONE_NEWNET) != 0:
            # An ordinary user needs a user namespace first. Where neither is allowed (some containers) the protocol
            # whitelist stands alone.
            libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
        # After unshare, which clears it. Survives exec.
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != limits["parent"]:
            os._exit(1)  # the parent died before the line above
    for name, value in limits["resources"].items():
        which = getattr(resource, name)
        hard = resource.getrlimit(which)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (bound, bound))


def become(argv: list[str]) -> None:
    """Replace this process by a tool, with the signals Python ignores given back."""
    for name in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(name, signal.SIG_DFL)
    os.execv(argv[0], argv)  # noqa: S606 - no shell is wanted; the argv is ours


def call(job: dict[str, Any], answers: IO[str]) -> None:
    """Import and call ``package.module:function`` with ``(payload, report_progress)``; write what comes of it."""
    last = 0.0

    def answer(document: dict[str, Any]) -> None:
        answers.write(json.dumps(document) + "\n")
        answers.flush()

    def report_progress(fraction: float) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _PROGRESS_INTERVAL_SECONDS:
            last = now
            answer({"progress": min(max(fraction, 0.0), 1.0)})

    module, _, function = job["function"].partition(":")
    try:
        target: Callable[..., Any] = getattr(importlib.import_module(module), function)
        answer({"result": target(job["payload"], report_progress)})
    except Exception as error:  # noqa: BLE001 - this is the border of the process: every failure crosses it by name
        traceback.print_exc()
        answer({"error": _description(error)})


def _description(error: Exception) -> dict[str, Any]:
    """Name an error so that the parent can raise it again; our own keep their class, message and detail."""
    errors = sys.modules.get("moments_ray.errors")
    if errors is not None and isinstance(error, errors.MomentsError):
        return {"class": type(error).__name__, "message": str(error), "detail": error.detail}
    number = getattr(error, "errno", None)
    if isinstance(error, MemoryError) or number == errno.ENOMEM:
        return {"cause": "memory", "message": "out of memory"}
    if number in {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}:
        return {"cause": "disk", "message": os.strerror(number)}
    return {"cause": "failure", "message": f"{type(error).__name__}: {error}"}


def main(argv: list[str]) -> None:
    """Restrict this process, then do what the command line says."""
    restrict(json.loads(argv[1]))
    if argv[2] == "exec":
        become(argv[3:])
    # Whatever a library prints must not mix with the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    job = json.loads(sys.stdin.buffer.read())
    sys.path[:] = job["path"]
    call(job, answers)


if __name__ == "__main__":
    main(sys.argv)
