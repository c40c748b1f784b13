"""The units of ``deploy/systemd/`` on a machine, by the few rules of systemd that they use."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from tests.cluster.network import Machine

ROOT = Path(__file__).parents[2]
_UNITS = ROOT / "deploy" / "systemd"
_PROGRAMS = Path(sys.executable).parent
_RESTART_SECONDS = 1.0  # the units say 5, and tests wait for it


class Unit:
    """A unit that is started, started again when it ends, and stopped as systemd does it.

    Where the unit says ``/opt/moments`` it finds this checkout, for ``/etc/moments/moments.env`` the file of the test.
    """

    def __init__(self, name: str, machine: Machine, settings: Mapping[str, str], **more: str) -> None:
        text = (_UNITS / f"{name}.service").read_text("utf-8")
        self.name = name
        self.starts = 0
        self._machine = machine
        file = machine.directory / "moments.env"
        file.write_text("".join(f"{key}={value}\n" for key, value in settings.items()), "utf-8")
        own = dict(pair.split("=", 1) for line in _values(text, "Environment") for pair in line.split())
        own |= {"MOMENTS_ENV_FILE": str(file), "HOME": str(machine.directory), **settings, **more}
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("RAY_", "MOMENTS_"))}
        self._environment = {**kept, **own, "PATH": f"{_PROGRAMS}:{os.environ['PATH']}"}
        self._before = [self._command(line) for line in _values(text, "ExecStartPre")]
        (line,) = _values(text, "ExecStart")
        self._main = self._command(line)
        self._restart = "Restart=always" in text
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _command(self, line: str) -> list[str]:
        filled = re.sub(r"\$\{(\w+)\}", lambda found: self._environment[found[1]], line)
        words = shlex.split(filled)
        return [
            word.replace("/opt/moments/.venv/bin", str(_PROGRAMS)).replace("/opt/moments", str(ROOT)) for word in words
        ]

    def start(self) -> None:
        """Start it."""
        self._thread.start()

    def stop(self, seconds: float = 90.0) -> float:
        """Tell its main process to end, kill what is left of it after ``seconds``; return how many it took."""
        began = time.monotonic()
        self._stopping.set()
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
        self._thread.join(10)
        return time.monotonic() - began

    @property
    def said(self) -> str:
        """What it has said, over all its starts."""
        return self._machine.said(self.name)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.starts += 1
            if all(self._once(command) == 0 for command in self._before):
                self._once(self._main)
            if not self._restart or self._stopping.wait(_RESTART_SECONDS):
                return

    def _once(self, command: list[str]) -> int:
        self._process = self._machine.start(command, self._environment, self.name)
        return self._process.wait()


def _values(text: str, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", text, re.MULTILINE)
