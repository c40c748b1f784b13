"""A real ``moments up`` in a process of its own, and what of it can be seen from outside."""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path

_START_SECONDS = 200.0  # alone it takes about ten
STOP_SECONDS = 120.0
_UNSET = ("DATABASE_URL", "REDIS_URL", "GCS_BUCKET_NAME", "RAY_ADDRESS", "BACKEND_PORT")
_LISTENING = "0A"


def free_port() -> int:
    """Return one below those that the kernel hands out: Ray asks for dozens of them before the server has this one."""
    while True:
        port = random.randint(20_000, 29_999)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def environment(home: Path, **more: str) -> dict[str, str]:
    """An operator's who has configured nothing, and whose own home cannot be written to."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "MOMENTS_"))}
    for name in _UNSET:
        kept.pop(name, None)
    return {**kept, "HOME": "/proc/none", "MOMENTS_HOME": str(home), **more}


def command(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("moments")), *arguments]


class LivingServer:
    """A ``moments up`` in a session of its own, as most supervisors start one."""

    def __init__(self, home: Path, **more: str) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._more = more
        self._said = home.parent / "said.txt"
        self.start()

    def start(self) -> None:
        """Run it, at its port; after it was killed that is the same one again."""
        with self._said.open("w") as said:
            self.process = subprocess.Popen(
                command("up", "--port", str(self.port)),
                env=environment(self.home, **self._more),
                cwd=self.home.parent,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self._said.read_text()

    def found(self, pattern: str) -> str:
        match = re.search(pattern, self.said)
        assert match, self.said
        return match[1]

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while "ready" not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.1)

    def stop(self, number: signal.Signals = signal.SIGTERM, *, group: bool = False) -> int:
        """Tell it, or its whole process group, to stop; return its exit status."""
        (os.killpg if group else os.kill)(self.process.pid, number)
        return self.process.wait(STOP_SECONDS)

    def processes(self) -> dict[int, str]:
        """Return all processes that have its home in their environment, by id, with their command line."""
        return dict(_processes_with(f"MOMENTS_HOME={self.home}"))

    def left_behind(self) -> list[str]:
        """Return what of it still runs or lies about."""
        sockets = [str(path) for path in (self.home / "run").rglob("*") if path.is_socket()]
        scratch = [str(path) for path in Path("/tmp").glob(f"moments-ray-{self.process.pid}-*")]
        return [*map(str, self.processes().items()), *sockets, *scratch]

    def listeners(self) -> list[tuple[str, bool]]:
        """Return, for every TCP port it listens on, the process, and whether only this machine reaches it."""
        inodes: dict[str, str] = {}
        for pid, name in self.processes().items():
            with suppress(OSError):
                for descriptor in Path(f"/proc/{pid}/fd").iterdir():
                    with suppress(OSError):
                        inodes[str(descriptor.readlink())] = name
        found = []
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                owner = inodes.get(f"socket:[{fields[9]}]")
                if fields[3] == _LISTENING and owner is not None:
                    found.append((owner, _is_loopback(fields[1].split(":")[0])))
        return found


@contextmanager
def living_server(home: Path, **more: str) -> Iterator[LivingServer]:
    """Run one, with more in its environment, until the block ends, whichever way."""
    server = LivingServer(home, **more)
    try:
        server.wait_until_ready()
        yield server
    finally:
        if server.process.poll() is None:
            try:
                server.stop()
            finally:  # where it does not
                server.process.kill()
                server.process.wait()


def _processes_with(variable: str) -> Iterator[tuple[int, str]]:
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            with suppress(OSError):
                if variable.encode() in (process / "environ").read_bytes().split(b"\0"):
                    yield int(process.name), (process / "cmdline").read_text().replace("\0", " ").strip()


def _is_loopback(address: str) -> bool:
    """Tell of an address as the kernel prints it: words of four bytes, each in the machine's order."""
    words = [bytes.fromhex(address[at : at + 8])[::-1] for at in range(0, len(address), 8)]
    found = ip_address(b"".join(words))
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback
