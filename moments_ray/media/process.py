"""Runs ffmpeg, yt-dlp and PyAV code in child processes that are limited, timed, killable and never outlive us.

A child leads a session and process group of its own, cannot outlive its parent, has bounded memory, CPU time, file size
and open files, and no network unless it is asked for. Nothing native ever runs in the calling process.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imageio_ffmpeg
from pydantic import JsonValue

from moments_ray.errors import MediaError, MediaTimeout, MediaToolMissing
from moments_ray.media.process_errors import error_of_child, error_of_exit
from moments_ray.settings import MediaSettings

STDERR_TAIL_BYTES = 4096
_STDOUT_BYTES = 1 << 20
_LINE_BYTES = 1 << 26
_OPEN_FILES = 256
CHILD = Path(__file__).with_name("child.py")
# The rest of our environment holds passwords that a parser of hostile files has no business with.
_PASSED_VARIABLES = (
    *("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    "CUDA_VISIBLE_DEVICES",  # the share of the node's GPUs that Ray gave this task
)
# One malloc arena and one BLAS thread: each further one reserves tens of megabytes of the child's address space.
_SET_VARIABLES = {"LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}

OnLine = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a finished tool left: status, last MiB of stdout (empty if lines were taken), last 4 KB of stderr."""

    returncode: int
    stdout: str
    stderr_tail: str
    seconds: float


def ffmpeg_executable() -> str:
    """Return the path of the ffmpeg to use; raises MediaToolMissing if there is none."""
    try:
        found = shutil.which(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise MediaToolMissing from error
    if found is None:
        raise MediaToolMissing
    return str(Path(found).resolve())


async def run_tool(
    argv: Sequence[str],
    *,
    timeout: float,
    settings: MediaSettings,
    cwd: Path | None = None,
    on_stdout: OnLine | None = None,
    memory_bytes: int | None = None,
    data_bytes: int | None = None,
    network: bool = False,
    stdin: bytes | None = None,
    variables: Mapping[str, str] | None = None,
) -> ToolResult:
    """Run a tool to its end within ``timeout`` seconds; ``on_stdout`` takes its lines as they come.

    ``memory_bytes`` bounds the address space; ``data_bytes`` what of it can be written to, for a tool that reserves
    much and uses little. What must not be seen in its arguments goes to its ``stdin``; ``variables`` are set in its
    environment.

    Raises MediaTimeout at the deadline, DiskFull, MediaLimitsExceeded when memory ran out, else MediaError for a
    status other than 0; each has the tool's last words in ``detail["stderr"]``.
    """
    name = Path(argv[0]).name
    limits = child_limits(settings, timeout, memory_bytes, network=network)
    if data_bytes is not None:
        limits["resources"]["RLIMIT_DATA"] = data_bytes
    result = await _run(
        name,
        ["exec", *argv],
        limits,
        stdin=stdin,
        timeout=timeout,
        settings=settings,
        cwd=cwd,
        on_stdout=on_stdout,
        variables=variables,
    )
    if result.returncode != 0:
        raise error_of_exit(name, result.returncode, result.stderr_tail, limits)
    return result


async def run_python(
    function: str,
    payload: JsonValue | Mapping[str, object],
    *,
    timeout: float,
    settings: MediaSettings,
    on_progress: Callable[[float], None] | None = None,
    memory_bytes: int | None = None,
    network: bool = False,
) -> JsonValue:
    """Call ``"package.module:function"`` with ``(payload, report_progress)`` in a child; payload and result are JSON.

    A MomentsError raised there is raised here as the same class; otherwise as ``run_tool``.
    """
    answers: dict[str, Any] = {}

    def on_line(line: str) -> None:
        document = json.loads(line)
        if "progress" in document:
            if on_progress is not None:
                on_progress(document["progress"])
        else:
            answers.update(document)

    job = json.dumps({"path": [entry for entry in sys.path if entry], "function": function, "payload": payload})
    limits = child_limits(settings, timeout, memory_bytes, network=network)
    name = function.rpartition(".")[2]
    result = await _run(
        name, ["call"], limits, stdin=job.encode(), timeout=timeout, settings=settings, cwd=None, on_stdout=on_line
    )
    if "error" in answers:
        raise error_of_child(name, answers["error"], result.stderr_tail, limits)
    if result.returncode != 0 or "result" not in answers:
        raise error_of_exit(name, result.returncode, result.stderr_tail, limits)
    value: JsonValue = answers["result"]
    return value


def child_limits(settings: MediaSettings, timeout: float, memory_bytes: int | None, *, network: bool) -> dict[str, Any]:
    """Return what a child may use; the CPU bound matters only if nobody is left to keep the deadline."""
    return {
        "network": network,
        "parent": os.getpid(),
        "resources": {
            "RLIMIT_AS": memory_bytes or settings.max_memory_bytes,
            "RLIMIT_CPU": math.ceil(timeout * (os.cpu_count() or 1)) + 1,
            "RLIMIT_FSIZE": settings.max_scratch_bytes,
            "RLIMIT_NOFILE": _OPEN_FILES,
            "RLIMIT_CORE": 0,
        },
    }


async def _run(
    name: str,
    command: Sequence[str],
    limits: dict[str, Any],
    *,
    stdin: bytes | None,
    timeout: float,
    settings: MediaSettings,
    cwd: Path | None,
    on_stdout: OnLine | None,
    variables: Mapping[str, str] | None = None,
) -> ToolResult:
    """Start a child and see it to its end, by itself or by force; it is reaped whichever way this returns."""
    started = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-S",
        str(CHILD),
        json.dumps(limits),
        *command,
        stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=cwd,
        env=child_environment() | dict(variables or {}),
        start_new_session=True,
    )
    stdout, stderr = bytearray(), bytearray()
    try:
        async with asyncio.timeout(timeout):
            await asyncio.gather(
                _feed(process.stdin, stdin),
                _collect(process.stdout, stdout, _STDOUT_BYTES, on_stdout),
                _collect(process.stderr, stderr, STDERR_TAIL_BYTES, None),
                process.wait(),
            )
    except BaseException as error:
        await _stop(process, settings.kill_grace_seconds)
        if isinstance(error, TimeoutError):
            raise MediaTimeout(
                f"{name} did not finish within {timeout:g} s and was stopped.",
                {"stderr": _text(stderr), "timeout_seconds": timeout},
            ) from error
        raise
    assert process.returncode is not None  # noqa: S101 - gather has waited for it
    return ToolResult(process.returncode, _text(stdout), _text(stderr), time.monotonic() - started)


def child_environment() -> dict[str, str]:
    """Return the little of our environment that a child needs to start."""
    return {name: os.environ[name] for name in _PASSED_VARIABLES if name in os.environ} | _SET_VARIABLES


async def _feed(pipe: asyncio.StreamWriter | None, data: bytes | None) -> None:
    """Write the child's whole input; a child that died early says so by its status."""
    if pipe is None or data is None:
        return
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        pipe.write(data)
        await pipe.drain()
    pipe.close()


async def _collect(pipe: asyncio.StreamReader | None, kept: bytearray, capacity: int, on_line: OnLine | None) -> None:
    """Read a pipe to its end; keep the last ``capacity`` bytes, or hand over whole lines and keep nothing."""
    assert pipe is not None  # noqa: S101 - both are PIPE above
    partial = bytearray()
    while chunk := await pipe.read(1 << 16):
        if on_line is None:
            kept += chunk
            del kept[:-capacity]
            continue
        partial += chunk
        if b"\n" in chunk:
            *lines, partial = partial.split(b"\n")
            for line in lines:
                on_line(_text(line))
        elif len(partial) > _LINE_BYTES:
            raise MediaError("A media process wrote a line without end.")
    if on_line is not None and partial:
        on_line(_text(partial))


async def _stop(process: asyncio.subprocess.Process, grace: float) -> None:
    """End a child's whole group by TERM, after ``grace`` seconds by KILL, and reap it even if cancelled meanwhile."""
    stopping = asyncio.ensure_future(_terminate(process, grace))
    cancelled: asyncio.CancelledError | None = None
    while not stopping.done():
        try:
            await asyncio.shield(stopping)
        except asyncio.CancelledError as error:
            cancelled = error
            _signal_group(process, signal.SIGKILL)
    if cancelled is not None:
        raise cancelled


async def _terminate(process: asyncio.subprocess.Process, grace: float) -> None:
    _signal_group(process, signal.SIGTERM)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(grace):
            await process.wait()
    # The leader may be gone and a child of its own not: the group goes as a whole.
    _signal_group(process, signal.SIGKILL)
    await process.wait()


def _signal_group(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _text(data: bytes | bytearray) -> str:
    return bytes(data).decode("utf-8", "replace")
