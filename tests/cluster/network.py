"""Machines of a cluster: network and mount namespaces on a bridge, each with an address and a ``/tmp/ray``."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

BRIDGE = "10.77.0.1"
_ADDRESS = "10.77.0.{}"
_PREFIX = "mct"


class Machine:
    """One namespace; what is started in it dies with it."""

    def __init__(self, name: str, number: int, directory: Path) -> None:
        self.name = name
        self.address = _ADDRESS.format(number)
        self._namespace = f"{_PREFIX}-{name}"
        self._end = f"{_PREFIX}{number}"
        self.directory = directory / name
        (self.directory / "ray").mkdir(parents=True)

    def plug_in(self) -> None:
        """Make the namespace and its cable to the bridge."""
        ip("netns", "add", self._namespace)
        ip("link", "add", self._end, "type", "veth", "peer", "name", "eth0", "netns", self._namespace)
        ip("link", "set", self._end, "master", _PREFIX, "up")
        # Without a way to the outside Ray takes loopback for the machine's address.
        route = f"route add default via {BRIDGE}"
        for words in (f"addr add {self.address}/24 dev eth0", "link set eth0 up", "link set lo up", route):
            ip("-n", self._namespace, *words.split())

    def command(self, words: Sequence[str]) -> list[str]:
        """Return a command as it is given on this machine, which has a host name and a ``/tmp/ray`` of its own."""
        inside = 'mkdir -p /tmp/ray && mount --bind "$0" /tmp/ray && hostname "$1" && shift && exec "$@"'
        shell = ["unshare", "--uts", "bash", "-c", inside, str(self.directory / "ray"), self.name]
        return ["ip", "netns", "exec", self._namespace, *shell, *words]

    def start(self, words: Sequence[str], environment: Mapping[str, str], log: str) -> subprocess.Popen[bytes]:
        """Start a command here; what it says goes to a file of the machine."""
        with (self.directory / f"{log}.log").open("ab") as out:
            return subprocess.Popen(
                self.command(words),
                env=dict(environment),
                cwd=self.directory,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def said(self, log: str) -> str:
        """Return what a command has said so far."""
        path = self.directory / f"{log}.log"
        return path.read_text("utf-8", errors="replace") if path.exists() else ""

    def processes(self) -> dict[int, str]:
        """Return the command lines of the living processes of this machine, by their ids."""
        found = {}
        listed = subprocess.run(["ip", "netns", "pids", self._namespace], capture_output=True, text=True, check=False)
        for pid in map(int, listed.stdout.split()):
            with contextlib.suppress(OSError):
                found[pid] = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return {pid: title for pid, title in found.items() if title}

    def kill(self, *parts: str) -> int:
        """Kill, as ``kill -9`` does, the processes whose command line has all the parts; return how many."""
        killed = 0
        for pid, title in self.processes().items():
            if all(part in title for part in parts):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, 9)
                    killed += 1
        return killed

    def unplug(self) -> None:
        """Kill everything here, again until nothing is left, and take the namespace away."""
        while self.kill():
            pass
        # The cable by itself: the kernel takes it away with the namespace, but not at once.
        for words in (["link", "delete", self._end], ["netns", "delete", self._namespace]):
            subprocess.run(["ip", *words], capture_output=True, check=False)


def ip(*words: str) -> None:
    """Give a command ``ip``; raises ``CalledProcessError`` with what it said."""
    subprocess.run(["ip", *words], capture_output=True, check=True, text=True)


def missing() -> str | None:
    """Return why there can be no machines here, or None."""
    if os.geteuid() != 0:
        return "namespaces are root's to make"
    if unknown := [name for name in ("ip", "unshare", "pgbouncer") if shutil.which(name) is None]:
        return f"there is no {' and no '.join(unknown)} on PATH (Debian: apt install iproute2 util-linux pgbouncer)"
    try:
        ip("netns", "add", f"{_PREFIX}-probe")
        ip("netns", "delete", f"{_PREFIX}-probe")
    except subprocess.CalledProcessError as error:
        return f"namespaces cannot be made here: {error.stderr.strip()}"
    return None


@contextlib.contextmanager
def network(names: Sequence[str], directory: Path) -> Iterator[dict[str, Machine]]:
    """Give machines of these names, from the second address on; the first is the bridge's, where the services are."""
    machines = {name: Machine(name, number, directory) for number, name in enumerate(names, 2)}
    try:
        ip("link", "add", _PREFIX, "type", "bridge")
        ip("addr", "add", f"{BRIDGE}/24", "dev", _PREFIX)
        ip("link", "set", _PREFIX, "up")
        for machine in machines.values():
            machine.plug_in()
        yield machines
    finally:
        for machine in machines.values():
            machine.unplug()
        subprocess.run(["ip", "link", "delete", _PREFIX], capture_output=True, check=False)
