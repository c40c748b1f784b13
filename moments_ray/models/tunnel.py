"""SSH tunnels to models: opened on first use, kept, watched, and opened again when they are lost."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import asyncssh
import structlog

from moments_ray.errors import ModelError, TunnelDenied, TunnelHostKey, TunnelUnavailable
from moments_ray.models.entry import ModelEntry, Port, Target
from moments_ray.process.retry import backoff
from moments_ray.settings import ModelSettings

log = structlog.get_logger()

_FIRST_DELAY = 0.25
_LONGEST_DELAY = 30.0
_LOOPBACK = "127.0.0.1"


class Login(NamedTuple):
    """Whom to connect to and as whom; no ``user`` is the one this process runs as."""

    host: str
    user: str
    port: int

    def __str__(self) -> str:
        return f"{self.user}@{self.host}:{self.port}" if self.user else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class TunnelState:
    """How a connection stands; ``reason`` says why it is down."""

    login: str
    state: Literal["connecting", "ready", "down"]
    reason: str = ""


class Tunnels:
    """The SSH connections of this process, one a login, for all models behind it; bound to the running event loop."""

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._connections: dict[Login, _Connection] = {}

    async def port(self, entry: ModelEntry) -> int:
        """Return the local port that leads to a model's server right now; ask again after every failure.

        Raises:
            TunnelUnavailable: there is no connection at the moment; it is being opened.
            TunnelHostKey: the host shows another key than the known one, or none is known.
            TunnelDenied: the host does not take our key, or we have none.
        """
        login = Login(entry.ssh_host, entry.ssh_user, entry.ssh_port)
        connection = self._connections.get(login)
        if connection is None:
            connection = self._connections[login] = _Connection(login, self._settings)
        return await connection.forward(entry.tunnel_target, entry.local_port)

    async def entrance(self, entry: ModelEntry) -> int | None:
        """Return a model's local port, or None where it is called straight; raises as ``port``."""
        return await self.port(entry) if entry.ssh_host else None

    def states(self) -> list[TunnelState]:
        """Return how every connection stands."""
        return [connection.state for connection in self._connections.values()]

    async def close(self) -> None:
        """Close every connection."""
        connections, self._connections = self._connections, {}
        for connection in connections.values():
            await connection.close()


class _Connection:
    """One kept connection with its forwarded ports."""

    def __init__(self, login: Login, settings: ModelSettings) -> None:
        self._login = login
        self._settings = settings
        self._supervisor: asyncio.Task[None] | None = None
        self._outcome: asyncio.Future[asyncssh.SSHClientConnection | ModelError] = _future()
        self._forwards: dict[Target, asyncssh.SSHListener] = {}
        self._forwarding = asyncio.Lock()
        self.state = TunnelState(str(login), "connecting")

    async def forward(self, target: Target, port: Port | None) -> int:
        """Return the local port that leads to a target."""
        connection = await self._connected()
        async with self._forwarding:
            listener = self._forwards.get(target)
            if listener is None:
                try:
                    listener = await _listen(connection, target, port)
                except (OSError, asyncssh.Error) as error:
                    raise TunnelUnavailable(f"The tunnel through {self._login} broke: {_reason(error)}") from error
                self._forwards[target] = listener
        return listener.get_port()

    async def close(self) -> None:
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.wait([self._supervisor])

    async def _connected(self) -> asyncssh.SSHClientConnection:
        if self._supervisor is None or self._supervisor.done():  # it ends with an error that only an operator can mend
            self._outcome = _future()
            self._supervisor = asyncio.create_task(self._supervise())
        try:
            async with asyncio.timeout(self._settings.connect_timeout_seconds):
                outcome = await asyncio.shield(self._outcome)
        except TimeoutError as error:
            reason = f": {self.state.reason}" if self.state.reason else ""
            raise TunnelUnavailable(f"The tunnel through {self._login} is not open{reason}") from error
        if isinstance(outcome, ModelError):
            raise type(outcome)(outcome.message)
        return outcome

    async def _supervise(self) -> None:
        """Open the connection, again whenever it is lost, until the error is one that does not pass."""
        failures = 0
        while True:
            try:
                connection = await _connect(self._login, self._settings)
            except (TunnelHostKey, TunnelDenied) as error:
                self._set_outcome(error)
                return
            except TunnelUnavailable as error:
                failures += 1
                self._set_outcome(error)
            else:
                failures = 0
                try:
                    self._set_outcome(connection)
                    await connection.wait_closed()
                finally:
                    connection.abort()
                    self._forwards.clear()
                self.state = TunnelState(str(self._login), "down", "the connection was lost")
                log.warning("tunnel.lost", login=str(self._login))
            self._outcome = _future()
            await asyncio.sleep(backoff(failures + 1, _FIRST_DELAY, _LONGEST_DELAY))

    def _set_outcome(self, outcome: asyncssh.SSHClientConnection | ModelError) -> None:
        if isinstance(outcome, ModelError):
            self.state = TunnelState(str(self._login), "down", outcome.message)
            log.warning("tunnel.failed", login=str(self._login), reason=outcome.message)
        else:
            self.state = TunnelState(str(self._login), "ready")
            log.info("tunnel.ready", login=str(self._login))
        self._outcome.set_result(outcome)


def _future() -> asyncio.Future[asyncssh.SSHClientConnection | ModelError]:
    return asyncio.get_running_loop().create_future()


async def _connect(login: Login, settings: ModelSettings) -> asyncssh.SSHClientConnection:
    known_hosts = settings.known_hosts_path or Path.home() / ".ssh" / "known_hosts"
    cure = f"compare its key with its operator's and add it to {known_hosts} (MOMENTS_MODELS__KNOWN_HOSTS_PATH)"
    if not known_hosts.is_file():
        raise TunnelHostKey(f"No key of the SSH host {login.host} is known: {cure}")
    try:
        return await asyncssh.connect(
            login.host,
            login.port,
            username=login.user or (),
            known_hosts=str(known_hosts),
            client_keys=[str(settings.ssh_key_path)] if settings.ssh_key_path else (),
            preferred_auth="publickey",
            agent_path=None,  # what a person's agent holds is that person's
            config=None,  # and so is their ~/.ssh/config
            connect_timeout=settings.connect_timeout_seconds,
            login_timeout=settings.connect_timeout_seconds,
            keepalive_interval=settings.keepalive_seconds,
            keepalive_count_max=settings.keepalive_count,
        )
    except asyncssh.HostKeyNotVerifiable as error:
        raise TunnelHostKey(f"The SSH host {login.host} shows a key that is not the known one: {cure}") from error
    except (asyncssh.PermissionDenied, asyncssh.KeyImportError) as error:
        raise TunnelDenied(
            f"The SSH host of {login} does not let us in ({_reason(error)}): "
            "name a private key it accepts in MOMENTS_MODELS__SSH_KEY_PATH."
        ) from error
    except (OSError, asyncssh.Error, TimeoutError) as error:
        if isinstance(error, FileNotFoundError | PermissionError):
            raise TunnelDenied(f"The key in MOMENTS_MODELS__SSH_KEY_PATH cannot be read: {error.strerror}") from error
        raise TunnelUnavailable(f"The SSH host of {login} cannot be reached: {_reason(error)}") from error


async def _listen(connection: asyncssh.SSHClientConnection, target: Target, port: Port | None) -> asyncssh.SSHListener:
    """Forward the port local port, or, where another process of this machine has it, any free one."""
    if port is not None:
        try:
            return await connection.forward_local_port(_LOOPBACK, port, target.host, target.port)
        except OSError:
            log.info("tunnel.port_taken", port=port)
    return await connection.forward_local_port(_LOOPBACK, 0, target.host, target.port)


def _reason(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0][:200] or type(error).__name__
