"""Children are limited, timed, killed with all their kin, and leave nothing."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from pydantic import JsonValue

import moments_ray
from moments_ray import process as process_package
from moments_ray.errors import DiskFull, InvalidRequest, MediaError, MediaLimitsExceeded, MediaTimeout
from moments_ray.media import child
from moments_ray.media.process import STDERR_TAIL_BYTES, ffmpeg_executable, run_python, run_tool
from moments_ray.process import operating_system
from moments_ray.settings import MediaSettings

SETTINGS = MediaSettings(kill_grace_seconds=0.3)
PYTHON = sys.executable
CHILD_CODE = "tests_media_child_code"


@pytest.fixture
def child_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module whose functions are called in children."""
    (tmp_path / f"{CHILD_CODE}.py").write_text(
        """
import os, socket, sys, time
from moments_ray.errors import InvalidRequest

def echo(payload, report_progress):
    print("a library that talks")
    for step in range(3):
        report_progress(step / 3)
        time.sleep(0.11)
    return payload

def refuse(payload, report_progress):
    raise InvalidRequest("The count must be positive.", {"count": payload})

def crash(payload, report_progress):
    raise ZeroDivisionError("by zero")

def die(payload, report_progress):
    os.abort()

def hoard(payload, report_progress):
    return len(bytearray(payload))

def fill(payload, report_progress):
    with open(payload, "wb") as file:
        file.write(bytes(1 << 20))
    return None

def call_home(payload, report_progress):
    try:
        socket.create_connection(("127.0.0.1", payload), timeout=2).close()
    except OSError:
        return "unreachable"
    return "reached"

def environment(payload, report_progress):
    return sorted(os.environ)
"""
    )
    monkeypatch.syspath_prepend(tmp_path)
    return CHILD_CODE


def alive(pid: int) -> bool:
    """Whether such a process runs; an orphan's zombie is for init to reap."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def in_process_table(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def gone(pid: int, within: float = 3.0) -> bool:
    deadline = time.monotonic() + within
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(pid)


def read_pid(path: Path) -> int:
    """Wait until a process wrote its pid."""
    while not (path.exists() and path.read_text().strip()):
        time.sleep(0.02)
    return int(path.read_text())


async def test_a_tool_gives_its_status_output_and_last_words() -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr)"
    result = await run_tool([PYTHON, "-c", code], timeout=10, settings=SETTINGS)
    assert (result.returncode, result.stdout, result.stderr_tail) == (0, "out\n", "err\n")


async def test_lines_arrive_while_the_tool_runs_and_the_last_needs_no_newline() -> None:
    lines: list[str] = []
    code = "import sys; print('a'); print('b'); sys.stdout.write('c')"
    result = await run_tool([PYTHON, "-c", code], timeout=10, settings=SETTINGS, on_stdout=lines.append)
    assert lines == ["a", "b", "c"]
    assert result.stdout == ""


async def test_output_without_bound_is_kept_to_its_tail() -> None:
    code = "import sys; sys.stderr.write('x' * 3_000_000 + 'end'); sys.stdout.write('y' * 3_000_000 + 'end')"
    result = await run_tool([PYTHON, "-c", code], timeout=10, settings=SETTINGS)
    assert len(result.stderr_tail) == STDERR_TAIL_BYTES
    assert len(result.stdout) == 1 << 20
    assert result.stderr_tail.endswith("end")
    assert result.stdout.endswith("end")


async def test_a_bad_status_is_an_error_with_the_last_line_and_the_tail() -> None:
    with pytest.raises(MediaError, match="failed: no such codec") as caught:
        await run_tool(
            [PYTHON, "-c", "import sys; print('first\\nno such codec', file=sys.stderr); sys.exit(69)"],
            timeout=10,
            settings=SETTINGS,
        )
    assert caught.value.detail == {"stderr": "first\nno such codec\n", "returncode": 69}


async def test_a_signal_is_named() -> None:
    with pytest.raises(MediaError, match="killed by SIGKILL"):
        await run_tool([PYTHON, "-c", "import os; os.kill(os.getpid(), 9)"], timeout=10, settings=SETTINGS)


async def test_the_deadline_ends_a_whole_family_that_ignores_term(tmp_path: Path) -> None:
    pids = tmp_path / "pid"
    code = (
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('still here', file=sys.stderr, flush=True)\n"
        f"child = os.fork()\nif child: open({str(pids)!r}, 'w').write(str(child))\n"
        "time.sleep(60)"
    )
    with pytest.raises(MediaTimeout) as caught:
        await run_tool([PYTHON, "-c", code], timeout=1.0, settings=SETTINGS)
    assert caught.value.detail["stderr"] == "still here\n"
    assert gone(int(pids.read_text()))


async def test_a_stalled_ffmpeg_is_stopped_at_its_deadline(tmp_path: Path) -> None:
    fifo = tmp_path / "stalled.mp4"
    os.mkfifo(fifo)
    with pytest.raises(MediaTimeout):
        await run_tool(
            [ffmpeg_executable(), "-nostdin", "-i", str(fifo), "-f", "null", "-"], timeout=0.5, settings=SETTINGS
        )


@pytest.mark.parametrize("cancels", [1, 2], ids=["once", "again while it is being stopped"])
async def test_cancellation_stops_and_reaps_the_child(tmp_path: Path, cancels: int) -> None:
    pids = tmp_path / "pid"
    code = (
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        f"open({str(pids)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    )
    task = asyncio.create_task(run_tool([PYTHON, "-c", code], timeout=60, settings=SETTINGS))
    pid = await asyncio.to_thread(read_pid, pids)
    for _ in range(cancels):
        task.cancel()
        await asyncio.sleep(0.05)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not in_process_table(pid)


def test_a_killed_parent_takes_its_children_along(tmp_path: Path) -> None:
    pids = tmp_path / "pid"
    tool = f"import os, time; open({str(pids)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    code = (
        "import asyncio, sys\n"
        "from moments_ray.media.process import run_tool\n"
        "from moments_ray.settings import MediaSettings\n"
        f"asyncio.run(run_tool([sys.executable, '-c', {tool!r}], timeout=60, settings=MediaSettings()))"
    )
    parent = subprocess.Popen([PYTHON, "-c", code])
    pid = read_pid(pids)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert gone(pid)


async def test_a_file_over_the_scratch_limit_is_a_full_disk(tmp_path: Path) -> None:
    argv = [ffmpeg_executable(), "-nostdin", "-v", "error", "-f", "lavfi", "-i", "sine=duration=60"]
    with pytest.raises(DiskFull):
        await run_tool(
            [*argv, str(tmp_path / "out.wav")],
            timeout=20,
            settings=SETTINGS.model_copy(update={"max_scratch_bytes": 100_000}),
        )


async def test_python_gives_its_result_and_reports_progress(child_code: str) -> None:
    seen: list[float] = []
    payload: JsonValue = {"words": ["ä", "b" * 1_500_000], "none": None}
    result = await run_python(f"{child_code}:echo", payload, timeout=10, settings=SETTINGS, on_progress=seen.append)
    assert result == payload
    assert seen == pytest.approx([0, 1 / 3, 2 / 3])


async def test_an_error_of_ours_crosses_the_border_as_itself(child_code: str) -> None:
    with pytest.raises(InvalidRequest, match="must be positive") as caught:
        await run_python(f"{child_code}:refuse", 0, timeout=10, settings=SETTINGS)
    assert caught.value.detail == {"count": 0}


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        ("crash", MediaError, "ZeroDivisionError: by zero"),
        ("die", MediaError, "SIGABRT"),
        ("missing", MediaError, "AttributeError"),
    ],
)
async def test_other_failures_are_media_errors(
    child_code: str, function: str, error: type[MediaError], message: str
) -> None:
    with pytest.raises(error, match=message):
        await run_python(f"{child_code}:{function}", None, timeout=10, settings=SETTINGS)


async def test_memory_is_limited(child_code: str) -> None:
    with pytest.raises(MediaLimitsExceeded, match="1500 MB"):
        await run_python(f"{child_code}:hoard", 2_000_000_000, timeout=60, settings=SETTINGS)
    size = 1_000_000_000
    roomy = await run_python(f"{child_code}:hoard", size, timeout=60, settings=SETTINGS, memory_bytes=3_000_000_000)
    assert roomy == size


async def test_a_write_over_the_scratch_limit_is_a_full_disk(child_code: str, tmp_path: Path) -> None:
    small = SETTINGS.model_copy(update={"max_scratch_bytes": 1000})
    with pytest.raises(DiskFull):
        await run_python(f"{child_code}:fill", str(tmp_path / "big"), timeout=10, settings=small)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_an_ordinary_users_child_reads_and_writes_that_users_files() -> None:
    """It may have to enter a user namespace to leave the network, in which it has no name."""
    nobody = 65534
    with tempfile.TemporaryDirectory() as directory:
        os.chown(directory, nobody, nobody)
        code = "import sys; path = sys.argv[1]; open(path, 'w').write('x'); sys.exit(open(path).read() != 'x')"
        limits = json.dumps({"network": False, "parent": os.getpid(), "resources": {"RLIMIT_CORE": 0}})
        python = Path("/usr/bin/python3")
        if not python.exists():
            pytest.skip("no Python that another user may run")
        first = [str(python), "-I", "-S", str(copied_child(directory)), limits, "exec"]
        argv = [*first, str(python), "-c", code, f"{directory}/file"]
        subprocess.run(argv, user=nobody, group=nobody, check=True)


def copied_child(directory: str) -> Path:
    """The child's first steps, and what they import, where every user may read them."""
    sources = [moments_ray.__file__, process_package.__file__, operating_system.__file__, child.__file__]
    for source in map(Path, filter(None, sources)):
        copy = Path(directory) / source.relative_to(Path(child.__file__).parents[2])
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(source.read_bytes())
        copy.chmod(0o644)
    return copy


async def test_the_environment_with_its_secrets_stays_behind(child_code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:secret@host/db")
    names = await run_python(f"{child_code}:environment", None, timeout=10, settings=SETTINGS)
    assert isinstance(names, list)
    assert "DATABASE_URL" not in names


@pytest.fixture
def network_namespaces() -> None:
    code = "import ctypes, sys; sys.exit(ctypes.CDLL(None).unshare(0x50000000) != 0)"
    if subprocess.run([PYTHON, "-c", code], check=False).returncode != 0:
        pytest.skip("this machine allows no network namespaces")


@pytest.mark.usefixtures("network_namespaces")
async def test_a_child_reaches_the_network_only_when_asked(child_code: str) -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        function = f"{child_code}:call_home"
        assert await run_python(function, port, timeout=10, settings=SETTINGS) == "unreachable"
        assert await run_python(function, port, timeout=10, settings=SETTINGS, network=True) == "reached"
