"""The process that owns one embedded server: ``python -m moments_ray.embedded.supervisor HOME NAME``.

It takes the supervisor's lock, leaves its caller's session, starts the server as its child, notes in the outcome file
how that went, starts the server again whenever it dies, and stops it a moment after the last client has let go
of the clients' lock. The kernel stops the server should the supervisor itself be killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Callable
from pathlib import Path

from moments_ray.embedded.orphans import stop_orphans, stopped_with_parent
from moments_ray.embedded.postgres import PostgresServer
from moments_ray.embedded.redis import RedisServer
from moments_ray.embedded.server import Command, Server
from moments_ray.errors import EmbeddedServerFailed, ServiceUnavailable
from moments_ray.process.file_lock import FileLock

BUSY_STATUS = 75  # the exit status of a supervisor that found another one
READY_SECONDS = 90.0  # recovery after a crash replays what was written since the last checkpoint
_GRACE_SECONDS = 2.0
_POLL_SECONDS = 0.05
_IDLE_POLL_SECONDS = 0.25
_STOP_SECONDS = 10.0
_ORPHAN_SECONDS = 3.0
_FIRST_RESTART_SECONDS = 0.1
_LONGEST_RESTART_SECONDS = 5.0

_log = logging.getLogger("moments_ray.embedded.supervisor")


def server_named(name: str, home: Path) -> Server:
    """Return the embedded server of that name."""
    servers: dict[str, Callable[[Path], Server]] = {"postgres": PostgresServer, "redis": RedisServer}
    return servers[name](home.resolve())  # the kernel names working directories so


class Supervisor:
    """One server's life, from the first client to the last."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._starters = FileLock(server.files.start_lock)
        self._clients = FileLock(server.files.clients_lock)

    async def keep(self) -> None:
        """Run the server for as long as it is used.

        Raises:
            EmbeddedServerFailed: it did not start.
        """
        told_to_stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, told_to_stop.set)
        running = asyncio.create_task(self._supervise())
        endings = {asyncio.create_task(self._until_unused()), asyncio.create_task(told_to_stop.wait())}
        await asyncio.wait({running, *endings}, return_when=asyncio.FIRST_COMPLETED)
        for task in (running, *endings):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running

    async def _supervise(self) -> None:
        """Start the server, and start it again for ever, after growing delays while it does not last."""
        process = await self._start()
        self._server.files.note_outcome("")
        delay = _FIRST_RESTART_SECONDS
        while True:
            started = time.monotonic()
            try:
                status = await process.wait()
            finally:
                await _stop(process, self._server.stop_signal)
            if time.monotonic() - started > _LONGEST_RESTART_SECONDS:
                delay = _FIRST_RESTART_SECONDS
            _log.error("the server ended with status %s; it is started again in %.1f s", status, delay)
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LONGEST_RESTART_SECONDS)
            try:
                process = await self._start()
            except EmbeddedServerFailed as error:
                _log.error("%s", error)  # and the next round finds the old process ended, and waits longer

    async def _start(self) -> Process:
        """Start the server and wait until it answers; once more if damage it could do without was in the way.

        Raises:
            EmbeddedServerFailed: it does not answer.
        """
        files = self._server.files
        await stop_orphans(files.data, self._server.program, self._server.stop_signal, _ORPHAN_SECONDS)
        command = await self._server.prepare()
        while True:
            before = files.log.stat().st_size
            process = await self._spawn(command)
            try:
                if await self._answers(process):
                    return process
            except BaseException:
                await _stop(process, self._server.stop_signal)
                raise
            ended = process.returncode
            await _stop(process, self._server.stop_signal)
            said = files.log_tail(before)
            if ended is None or not self._server.set_aside_damage(said):
                how = f"did not answer within {READY_SECONDS:.0f} s" if ended is None else f"ended with status {ended}"
                raise EmbeddedServerFailed(
                    f"The embedded {files.name} {how}: mend what its log says, or set {self._server.replaced_by} "
                    f"to use another server. The end of {files.log}:\n{said}"
                )
            _log.warning("damaged data of %s was set aside", files.name)

    async def _answers(self, process: Process) -> bool:
        deadline = time.monotonic() + READY_SECONDS
        while process.returncode is None and time.monotonic() < deadline:
            try:
                await self._server.check()
            except ServiceUnavailable:
                await asyncio.sleep(_POLL_SECONDS)
            else:
                return True
        return False

    async def _spawn(self, command: Command) -> Process:
        account = command.account
        with self._server.files.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *command.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._server.files.data,
                env=command.environment,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                preexec_fn=stopped_with_parent(self._server.stop_signal),
            )

    async def _until_unused(self) -> None:
        """Return when nobody has used the server for a while, holding the starters' lock: they wait for the end."""
        unused_since: float | None = None
        while True:
            await asyncio.sleep(_IDLE_POLL_SECONDS)
            if not self._clients.try_acquire():
                unused_since = None
                continue
            self._clients.release()
            now = time.monotonic()
            unused_since = unused_since or now
            if now - unused_since < _GRACE_SECONDS or not self._starters.try_acquire():
                continue
            if self._clients.try_acquire():
                self._clients.release()
                return
            self._starters.release()


async def _stop(process: Process, stop_signal: signal.Signals) -> None:
    """Stop a server cleanly, or by force when it takes too long."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(stop_signal)
    try:
        await asyncio.wait_for(process.wait(), _STOP_SECONDS)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _leave_session() -> None:
    """Become nobody's child, in a session of our own: the caller may end, or be interrupted, without us."""
    if os.fork():
        os._exit(0)  # the lock stays with the child: both have the same open file
    os.setsid()
    os.chdir("/")
    os.umask(0o077)


def main(home: Path, name: str) -> int:
    """Supervise a server, in a child process, and return an exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s supervisor %(levelname)s %(message)s")
    server = server_named(name, home)
    lock = FileLock(server.files.supervisor_lock)
    if not lock.try_acquire():
        return BUSY_STATUS
    _leave_session()
    try:
        asyncio.run(Supervisor(server).keep())
    except EmbeddedServerFailed as error:
        server.files.note_outcome(str(error))
        return 1
    finally:
        shutil.rmtree(server.files.sockets, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
