"""A child process that answers one call after another, so that what it has loaded stays, and ends when it is idle."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from pydantic import JsonValue

from moments_ray.errors import MediaError, MediaTimeout
from moments_ray.media.process import CHILD, STDERR_TAIL_BYTES, child_environment, child_limits
from moments_ray.media.process_errors import error_of_child, error_of_exit
from moments_ray.process.file_lock import FileLock
from moments_ray.settings import MediaSettings

_LIFE_SECONDS = 30 * 86400.0  # of which it may compute as long as it likes; each call has its own deadline
_LINE_BYTES = 1 << 26


class KeptChild:
    """A process like ``run_python``'s, limited and killable, that is kept for ``idle_seconds`` after its last call.

    It needs no event loop between calls: a thread of its own ends it. One call is under way at a time. ``place`` is a
    lock file of the node: who holds it may keep a process, so there is one a node.
    """

    def __init__(
        self, function: str, *, settings: MediaSettings, memory_bytes: int, idle_seconds: float, place: Path
    ) -> None:
        self._function = function
        self._name = function.rpartition(".")[2]
        self._limits = child_limits(settings, _LIFE_SECONDS, memory_bytes, network=False)
        self._idle_seconds = idle_seconds
        self._environment = child_environment()
        self._place = place
        self._held: FileLock | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self._turn = threading.Lock()
        self._idle: threading.Timer | None = None

    @property
    def running(self) -> bool:
        """Tell whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def fits(self, function: str, idle_seconds: float) -> bool:
        """Tell whether it is for these calls, on the GPUs that this process has now."""
        return (function, idle_seconds, child_environment()) == (self._function, self._idle_seconds, self._environment)

    def take_place(self) -> bool:
        """Take the node's place for a kept process, for a call that follows; tell whether it is this one's."""
        with self._turn:
            if self._idle is not None:
                self._idle.cancel()
                self._idle = None
            if self._held is None:
                self._place.parent.mkdir(parents=True, exist_ok=True)
                lock = FileLock(self._place)
                if not lock.try_acquire():
                    lock.close()
                    return False
                self._held = lock
            return True

    async def call(
        self,
        payload: Mapping[str, object],
        *,
        timeout: float,
        on_progress: Callable[[float], None] | None = None,
    ) -> JsonValue:
        """Call the function, once the place is taken.

        The next call goes to the same process, unless this one fails or is cancelled.

        Raises:
            MediaTimeout: it did not answer within ``timeout`` seconds.
            MomentsError: as ``run_python``.
        """
        loop = asyncio.get_running_loop()

        def progressed(fraction: float) -> None:
            if on_progress is not None:
                loop.call_soon_threadsafe(on_progress, fraction)

        process = self._started()
        path = [entry for entry in sys.path if entry]
        job = json.dumps({"path": path, "function": self._function, "payload": payload})
        try:
            async with asyncio.timeout(timeout):
                answer = await asyncio.to_thread(_ask, process, job, progressed)
        except BaseException as error:
            self.end()
            if isinstance(error, TimeoutError):
                raise MediaTimeout(f"{self._name} did not finish within {timeout:g} s and was stopped.") from error
            raise
        if answer is None:
            failure = error_of_exit(self._name, process.wait(), self._last_words(), self._limits)
            self.end()
            raise failure
        self._rest_later()
        if "error" in answer:
            raise error_of_child(self._name, answer["error"], self._last_words(), self._limits)
        value: JsonValue = answer["result"]
        return value

    def end(self) -> None:
        """Kill the process, if there is one, reap it, and give its place free."""
        self._reap()
        held, self._held = self._held, None
        if held is not None:
            held.close()

    def _reap(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for file in (process.stdin, process.stdout, self._errors):
            if file is not None:
                with contextlib.suppress(OSError):
                    file.close()

    def _started(self) -> subprocess.Popen[bytes]:
        """Return the process, made again where it is not there any more.

        It is started in the thread of the event loop: the kernel ends it with the thread that made it.
        """
        if self._process is None or self._process.poll() is not None:
            self._reap()
            self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the child
            self._process = subprocess.Popen(  # noqa: S603 - our own program and limits
                [sys.executable, "-I", "-S", str(CHILD), json.dumps(self._limits), "serve"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=self._environment,
                start_new_session=True,
            )
        return self._process

    def _rest_later(self) -> None:
        with self._turn:
            self._idle = threading.Timer(self._idle_seconds, self._rest)
            self._idle.daemon = True
            self._idle.start()

    def _rest(self) -> None:
        with self._turn:
            if self._idle is threading.current_thread():  # else a call began meanwhile
                self._idle = None
                self.end()

    def _last_words(self) -> str:
        assert self._errors is not None  # noqa: S101 - there is a process
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - STDERR_TAIL_BYTES))
        return self._errors.read().decode("utf-8", "replace")


def _ask(process: subprocess.Popen[bytes], job: str, progressed: Callable[[float], None]) -> dict[str, Any] | None:
    """Hand a job to the process and wait for what comes of it; None where the process ended."""
    assert process.stdin is not None  # noqa: S101 - both are pipes
    assert process.stdout is not None  # noqa: S101
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(job.encode() + b"\n")
        process.stdin.flush()
    while line := process.stdout.readline(_LINE_BYTES):
        if not line.endswith(b"\n"):
            raise MediaError("A media process wrote a line without end.")
        document: dict[str, Any] = json.loads(line)
        if "progress" not in document:
            return document
        progressed(document["progress"])
    return None
