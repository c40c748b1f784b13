"""What a cluster's machines reach over the network: PostgreSQL behind PgBouncer, two Redis, a web server."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy.engine import make_url

from moments_ray.embedded.postgres import DATABASE
from moments_ray.embedded.redis import RedisServer
from moments_ray.embedded.services import embedded_services
from moments_ray.settings import DatabaseSettings, Settings
from tests.cluster.network import BRIDGE
from tests.pgbouncer import pgbouncer

_DATABASE_PORT, _REDIS_PORT, _RAY_REDIS_PORT, _WEB_PORT = 6432, 6390, 6391, 8088


@dataclass
class Web:
    """A web server that answers every path under ``/talks/`` with the same film, and counts how often it did."""

    film: Path
    fetched: Counter[str] = field(default_factory=Counter)

    def url(self, name: str) -> str:
        """Return the address of a video of its own, for the library, with the film's content."""
        return f"http://{BRIDGE}:{_WEB_PORT}/talks/{name}.mp4"

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """Serve until the block ends."""
        web = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = web.film.read_bytes()
                web.fetched[self.path] += 1
                self.send_response(200)
                self.send_header("Content-Type", "video/mp4")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                with contextlib.suppress(OSError):  # whoever asked was killed
                    self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Say nothing."""

        with ThreadingHTTPServer((BRIDGE, _WEB_PORT), Answer) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield
            finally:
                server.shutdown()
                thread.join()


@dataclass(frozen=True)
class Services:
    """Where they are, and the settings of a process on the bridge's own machine."""

    settings: Settings
    ray_redis: str
    web: Web

    def environment(self, head: str) -> dict[str, str]:
        """Return the file of settings of every machine, as `deploy/moments.env.example` has it."""
        database, redis = self.settings.database_url, self.settings.redis_url
        assert database is not None
        assert redis is not None
        return {
            "RAY_AUTH_TOKEN": "0123456789abcdef" * 4,
            "DATABASE_URL": database.get_secret_value(),
            "MOMENTS_DATABASE__PGBOUNCER": "true",
            "REDIS_URL": redis.get_secret_value(),
            "RAY_ADDRESS": f"{head}:6379",
            "MOMENTS_STORAGE__SHARED": "true",
            "MOMENTS_DOWNLOAD__ALLOW_PRIVATE_ADDRESSES": "true",
            "MOMENTS_WORKER__SWEEP_SECONDS": "3",
            "MOMENTS_WORKER__LEASE_SECONDS": "20",
            "MOMENTS_WORKER__HEARTBEAT_SECONDS": "4",
        }


@contextlib.asynccontextmanager
async def services(directory: Path, film: Path, program: str) -> AsyncIterator[Services]:
    """Run them until the block ends."""
    home = directory / "home"
    redis = f"redis://{BRIDGE}:{_REDIS_PORT}/0"
    bare = Settings(_env_file=None, home=home, database_url=None, redis_url=SecretStr(redis), ray_address=None)
    web = Web(film)
    async with embedded_services(bare) as found:
        server = Path(str(make_url(found.database_url).query["host"]))
        with contextlib.ExitStack() as stack:
            stack.enter_context(pgbouncer(server, program, listen_addr=BRIDGE, listen_port=str(_DATABASE_PORT)))
            stack.enter_context(_valkey(home, directory / "redis", _REDIS_PORT))
            stack.enter_context(_valkey(home, directory / "ray-redis", _RAY_REDIS_PORT))
            stack.enter_context(web.serving())
            settings = bare.model_copy(
                update={
                    "database_url": SecretStr(f"postgresql://moments@{BRIDGE}:{_DATABASE_PORT}/{DATABASE}"),
                    "database": DatabaseSettings(pgbouncer=True),
                }
            )
            yield Services(settings, f"{BRIDGE}:{_RAY_REDIS_PORT}", web)


@contextlib.contextmanager
def _valkey(home: Path, directory: Path, port: int) -> Iterator[None]:
    directory.mkdir()
    program = RedisServer(home)._binary()
    options = ["--bind", BRIDGE, "--port", str(port), "--protected-mode", "no", "--save", "", "--dir", str(directory)]
    log = directory / "log"
    with log.open("wb") as out, subprocess.Popen([str(program), *options], stdout=out, env=dict(os.environ)) as process:
        try:
            yield
        finally:
            process.terminate()
