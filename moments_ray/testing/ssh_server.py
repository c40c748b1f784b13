"""A real SSH server that forwards ports, in a process that can be frozen, killed and given another host key.

As a program this module serves: ``python -m moments_ray.testing.ssh_server HOST_KEY AUTHORIZED_KEYS PORT`` prints its
port and goes on until it is killed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncssh


class _Server(asyncssh.SSHServer):
    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:  # noqa: ARG002 - asyncssh's
        return True


async def _serve(host_key: str, authorized: str, port: int) -> None:
    acceptor = await asyncssh.listen(
        "127.0.0.1", port, server_factory=_Server, server_host_keys=[host_key], authorized_client_keys=authorized
    )
    print(acceptor.get_port(), flush=True)  # noqa: T201 - the port is this program's output
    await acceptor.wait_closed()


class SshServer:
    """The server and the files that its clients need: ``key`` and ``known_hosts``."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.key = directory / "id"
        self.known_hosts = directory / "known_hosts"
        self.port = 0
        self._process: subprocess.Popen[str] | None = None
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(self.key)
        key.write_public_key(directory / "authorized_keys")
        self._make_host_key()

    def start(self) -> None:
        """Serve, on the same port as before."""
        command = [
            sys.executable,
            "-m",
            __name__,
            str(self._directory / "host_key"),
            str(self._directory / "authorized_keys"),
            str(self.port),
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own arguments
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        self.port = int(self._process.stdout.readline())
        if not self.known_hosts.exists():
            self.trust()

    def trust(self) -> None:
        """Make the present host key the known one."""
        public = (self._directory / "host_key.pub").read_text().strip()
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {public}\n")

    def change_host_key(self) -> None:
        """Take another host key for the next start; clients know the old one."""
        self._make_host_key()

    def freeze(self) -> None:
        """Stop answering without closing anything."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """Die at once."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            os.kill(self._process.pid, number)

    def _make_host_key(self) -> None:
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(self._directory / "host_key")
        key.write_public_key(self._directory / "host_key.pub")


@contextmanager
def ssh_server(directory: Path) -> Iterator[SshServer]:
    """Run an SSH server with its files in a directory."""
    server = SshServer(directory)
    server.start()
    try:
        yield server
    finally:
        server.kill()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], sys.argv[2], int(sys.argv[3])))
