"""What Linux does for a process and what stands in for it elsewhere keep the same promises."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[3]
SYSTEMS = ["Linux", "Unix"] if sys.platform == "linux" else ["Unix"]

# A process that has the system of that name, whatever it really runs on.
FORCED = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from moments_ray.process import operating_system
operating_system.SYSTEM = getattr(operating_system, sys.argv.pop(1))()
"""
PARENT = (
    FORCED
    + """
import signal, subprocess, time
from moments_ray.embedded.orphans import stopped_with_parent
child = subprocess.Popen(["sleep", "600"], preexec_fn=stopped_with_parent(signal.SIGTERM))
print(child.pid, flush=True)
if sys.argv[1] == "waits":
    time.sleep(600)
child.kill()
child.wait()
"""
)
MEDIA = (
    FORCED
    + """
from moments_ray.media import child
child.main(["child.py", *sys.argv[1:]])
"""
)


def until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.fixture(params=SYSTEMS)
def system(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_a_child_ends_with_a_parent_that_was_killed(system: str) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, system, "waits"], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = psutil.Process(int(parent.stdout.readline()))
        watchers = child.children()
        parent.kill()
    assert until(lambda: ended(child))
    assert until(lambda: all(ended(watcher) for watcher in watchers))


def test_nothing_is_left_of_a_child_that_ended_before_its_parent(system: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PARENT, system, "goes on"], stdout=subprocess.PIPE, text=True, timeout=60, check=True
    )
    assert until(lambda: not psutil.pid_exists(int(done.stdout)))


def test_a_media_child_becomes_a_tool_or_calls_a_function(system: str, tmp_path: Path) -> None:
    limits = {"network": False, "parent": os.getpid(), "resources": {"RLIMIT_AS": 4 << 30, "RLIMIT_CORE": 0}}
    child = [sys.executable, "-c", MEDIA, system, json.dumps(limits)]
    said = subprocess.run([*child, "exec", "/bin/echo", "a word"], capture_output=True, timeout=60, check=True)
    assert said.stdout == b"a word\n"
    (tmp_path / "asked.py").write_text(
        "from resource import RLIMIT_CORE, getrlimit\n"
        "def core(payload, report):\n    return [payload, getrlimit(RLIMIT_CORE)[0]]\n"
    )
    job = json.dumps({"path": [str(tmp_path), *sys.path], "function": "asked:core", "payload": "given"})
    answer = subprocess.run([*child, "call"], input=job.encode(), capture_output=True, timeout=60, check=True)
    assert json.loads(answer.stdout) == {"result": ["given", 0]}
