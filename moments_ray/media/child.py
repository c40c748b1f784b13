"""What every media child process runs first: limit itself, then become the tool or call one function.

``python -I -S child.py LIMITS exec ARGV…`` replaces itself by a tool; ``python -I -S child.py LIMITS call`` reads a job
from stdin and answers on stdout, one JSON document a line; ``serve`` does so for each line of stdin. Only the standard
library, and one module of ours that does with it, is imported before the limits stand: that keeps the start at about
30 ms and works where site-packages do not.
"""

from __future__ import annotations

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

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
_PROGRESS_INTERVAL_SECONDS = 0.1


def restrict(limits: dict[str, Any]) -> None:
    """Lower this process's limits, cut its network if asked, and tie its life to its parent's."""
    sys.path.append(_ROOT)
    from moments_ray.process.operating_system import SYSTEM  # noqa: PLC0415 - found only now

    if not limits["network"]:
        SYSTEM.cut_network()  # where that cannot be, the protocol whitelist stands alone
    SYSTEM.end_with_parent(limits["parent"], signal.SIGKILL)
    for name, value in limits["resources"].items():
        if name in SYSTEM.unkept_limits:
            continue
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
    for line in sys.stdin.buffer if argv[2] == "serve" else [sys.stdin.buffer.read()]:
        job = json.loads(line)
        sys.path[:] = job["path"]
        call(job, answers)


if __name__ == "__main__":
    main(sys.argv)
