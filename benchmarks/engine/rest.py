"""What a server costs that has nothing to do: the CPU and memory of all processes of ``moments up``.

Beside it stands what no application of Ray Serve goes below: Ray with its dashboard and one deployment that answers.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from benchmarks.processes import Process, family, processes

_START_SECONDS = 180.0
_SETTLE_SECONDS = 45.0
_WINDOW_SECONDS = 60.0
_MOMENTS = [sys.executable, "-c", "from moments_ray.cli import main; main()"]
_BARE_RAY = """
import sys
import ray
from ray import serve

@serve.deployment(ray_actor_options={"num_cpus": 0})
def answer(request):
    return "yes"

ray.init(include_dashboard=True, log_to_driver=False)
serve.start(http_options={"port": int(sys.argv[1])})
serve.run(answer.bind())
sys.stdin.read()
"""


def observe(home: Path, *, by_process: bool) -> None:
    """Start a server in a new home, look at it once it is idle, have it work, look again; then at Ray alone."""
    kept = {
        name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL", "RAY_ADDRESS"}
    }
    environment = kept | {"MOMENTS_HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[2])}
    print(f"\n{'':18}{'processes':>10}{'% of a core':>13}{'PSS, MB':>10}")
    with (home / "up.log").open("w") as log:
        port = _free_port()
        with _running([*_MOMENTS, "up", "--port", str(port)], environment, log) as server:
            _wait_for(f"http://127.0.0.1:{port}/health", server)
            _look("moments up, fresh", server.pid, home, by_process=by_process)
            demo = [*_MOMENTS, "demo", "--out", str(home / "demo")]
            subprocess.run(demo, env=environment, stdout=log, stderr=log, check=True)
            _look("after the demo", server.pid, home, by_process=by_process)
        port = _free_port()
        with _running([sys.executable, "-c", _BARE_RAY, str(port)], kept, log) as alone:
            _wait_for(f"http://127.0.0.1:{port}/", alone)
            _look("Ray and Serve", alone.pid, home, by_process=by_process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _running(command: list[str], environment: dict[str, str], log: TextIO) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - the address is made above
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise SystemExit("the server did not start")


def _look(when: str, pid: int, home: Path, *, by_process: bool) -> None:
    time.sleep(_SETTLE_SECONDS)
    before = {each.pid: each.cpu for each in _of(pid, home)}
    time.sleep(_WINDOW_SECONDS)
    after = _of(pid, home)
    shares = {each.pid: (each.cpu - before.get(each.pid, 0.0)) / _WINDOW_SECONDS * 100 for each in after}
    memory = sum(each.pss for each in after) / 1e6
    print(f"{when:18}{len(after):10}{sum(shares.values()):13.1f}{memory:10.0f}", flush=True)
    if by_process:
        for name, count in Counter(_short(each) for each in after).most_common():
            these = [each for each in after if _short(each) == name]
            share, pss = sum(shares[each.pid] for each in these), sum(each.pss for each in these) / 1e6
            print(f"  {name:62}{count:4}{share:8.2f}{pss:8.0f}")


def _of(pid: int, home: Path) -> list[Process]:
    """Return the server's processes; the embedded servers have left its family, and name the home."""
    found = processes()
    named = [each.pid for each in found.values() if str(home) in each.command and each.pid != os.getpid()]
    return family([pid, *named], found)


def _short(process: Process) -> str:
    words = process.command.split()
    if process.command.startswith("ray::"):
        return words[0]
    return " ".join(Path(word).name if "/" in word else word for word in words[:4])[:60]
