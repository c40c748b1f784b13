"""The laptop's servers for whoever needs them: started, shared, health-checked, and let go."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from moments_ray.embedded.server import Server
from moments_ray.embedded.supervisor import BUSY_STATUS, READY_SECONDS, server_named
from moments_ray.errors import EmbeddedServerFailed, ServiceUnavailable
from moments_ray.process.file_lock import FileLock
from moments_ray.settings import Settings

_POLL_SECONDS = 0.05
_WATCH_SECONDS = 1.0
_STOP_POLL_SECONDS = 0.4
_TIMEOUT_SECONDS = READY_SECONDS + 15  # the supervisor's own, and its time to find and stop orphans
_LONGEST_LOG_BYTES = 4 * 1024**2

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Services:
    """Where PostgreSQL and Redis are, embedded or not."""

    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)


@contextlib.asynccontextmanager
async def embedded_services(settings: Settings) -> AsyncIterator[Services]:
    """Give the URLs of PostgreSQL and Redis, running embedded ones for those that the settings leave unset.

    Processes with the same ``MOMENTS_HOME`` share one set. It lives until about two seconds after its last user.

    Raises:
        EmbeddedServerFailed: one of them did not start; the message carries its log's end and the cure.
    """
    async with contextlib.AsyncExitStack() as stack:
        # Both are joined at once, and both outcomes awaited, so that the stack never unwinds under one that starts.
        joined = await asyncio.gather(
            _url(stack, settings.database_url, "postgres", settings.home),
            _url(stack, settings.redis_url, "redis", settings.home),
            return_exceptions=True,
        )
        for outcome in joined:
            if isinstance(outcome, BaseException):
                raise outcome
        yield Services(*(str(outcome) for outcome in joined))


def never_started(settings: Settings) -> bool:
    """Tell whether the database is the embedded one of a home where it was never started: nobody has written to it."""
    return settings.database_url is None and not server_named("postgres", settings.home).files.data.exists()


@contextlib.asynccontextmanager
async def embedded_database(settings: Settings) -> AsyncIterator[str]:
    """Give the URL of PostgreSQL alone, running the embedded one if the settings leave it unset.

    Raises:
        EmbeddedServerFailed: it did not start.
    """
    async with contextlib.AsyncExitStack() as stack:
        yield await _url(stack, settings.database_url, "postgres", settings.home)


@contextlib.asynccontextmanager
async def embedded_redis(settings: Settings) -> AsyncIterator[str]:
    """Give the URL of Redis alone, running the embedded one if the settings leave it unset.

    Raises:
        EmbeddedServerFailed: it did not start.
    """
    async with contextlib.AsyncExitStack() as stack:
        yield await _url(stack, settings.redis_url, "redis", settings.home)


async def until_stopped(settings: Settings) -> None:
    """Wait until the embedded servers have ended, unless somebody else of this home uses them."""
    configured = {"postgres": settings.database_url, "redis": settings.redis_url}
    names = [name for name, url in configured.items() if url is None]
    await asyncio.gather(*(_Client(server_named(name, settings.home)).until_stopped() for name in names))


async def _url(stack: contextlib.AsyncExitStack, configured: SecretStr | None, name: str, home: Path) -> str:
    """Return the configured URL, or that of the embedded server, which the stack will let go."""
    if configured is not None:
        return configured.get_secret_value()
    client = _Client(server_named(name, home))
    stack.push_async_callback(client.leave)
    await client.join()
    return client.url


class _Client:
    """One process's use of one embedded server."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._files = server.files
        self._use: FileLock | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return self._server.url

    async def join(self) -> None:
        """Share the server, started if it does not run, until ``leave``."""
        if sys.platform not in {"linux", "darwin"}:
            raise EmbeddedServerFailed(
                f"The embedded {self._files.name} runs on Linux and macOS only: set {self._server.replaced_by}."
            )
        self._files.make()
        self._use = FileLock(self._files.clients_lock)
        await self._use.acquire(shared=True)
        await self._ensure_running()
        self._watch = asyncio.create_task(self._replace_lost_supervisor())

    async def leave(self) -> None:
        """Let go of the server; its supervisor stops it when nobody else holds on."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait({self._watch})
        if self._use is not None:
            self._use.close()

    async def until_stopped(self) -> None:
        """Wait for the supervisor's end, for as long as nobody holds on."""
        while self._supervisor_lives():
            with FileLock(self._files.clients_lock) as clients:
                if not clients.try_acquire():
                    return
            await asyncio.sleep(_STOP_POLL_SECONDS)

    async def _replace_lost_supervisor(self) -> None:
        """Start a new supervisor when somebody killed the old one: its server is gone with it."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            try:
                if not self._supervisor_lives():
                    await self._ensure_running()
            except (EmbeddedServerFailed, OSError) as error:  # OSError: somebody removed the home; it may come back
                _log.error("%s", error)

    async def _ensure_running(self) -> None:
        """Return when the server answers; at most one process at a time starts it."""
        with FileLock(self._files.start_lock) as starters:
            await starters.acquire()
            deadline = time.monotonic() + _TIMEOUT_SECONDS
            launched = False
            while time.monotonic() < deadline:
                if self._supervisor_lives():
                    if await self._answers():
                        return
                    await asyncio.sleep(_POLL_SECONDS)
                elif launched:
                    raise EmbeddedServerFailed(self._failure())
                else:
                    launched = await self._launch()
            raise EmbeddedServerFailed(
                f"The embedded {self._files.name} does not answer though its supervisor runs: stop the processes that "
                f"work in {self._files.data}, or set {self._server.replaced_by}. The end of {self._files.log}:\n"
                f"{self._files.log_tail()}"
            )

    def _supervisor_lives(self) -> bool:
        with FileLock(self._files.supervisor_lock) as lock:
            return not lock.try_acquire(shared=True)

    async def _answers(self) -> bool:
        """Tell whether the supervisor calls its server started and the server answers."""
        if not self._files.outcome.exists():
            return False
        try:
            await self._server.check()
        except ServiceUnavailable:
            return False
        return True

    async def _launch(self) -> bool:
        """Start a supervisor; tells whether ours is the one that runs."""
        self._files.outcome.unlink(missing_ok=True)
        self._files.start_new_log(_LONGEST_LOG_BYTES)
        with self._files.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(
                    sys.executable,
                    "-P",
                    "-m",
                    "moments_ray.embedded.supervisor",
                    str(self._files.home),
                    self._files.name,
                ),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            status = await process.wait()
        if status not in {0, BUSY_STATUS}:
            raise EmbeddedServerFailed(self._failure())
        return status == 0

    def _failure(self) -> str:
        """Return what the supervisor said of its failure, or all that is known if it could not say anything."""
        if self._files.outcome.exists() and (said := self._files.outcome.read_text("utf-8")):
            return said
        return (
            f"The embedded {self._files.name} could not be started; set {self._server.replaced_by} to use another "
            f"server. The end of {self._files.log}:\n{self._files.log_tail()}"
        )
