"""A whole installation in processes of its own, all of which can be broken: server, nodes, stores, tunnel, model."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from pydantic import SecretStr
from redis.exceptions import RedisError

from moments_ray import runtime
from moments_ray.embedded.postgres import DATABASE, PostgresServer
from moments_ray.embedded.redis import RedisServer
from moments_ray.embedded.services import embedded_services
from moments_ray.engine.environment import Environment
from moments_ray.errors import ServiceUnavailable
from moments_ray.models.gateway import Gateway
from moments_ray.models.registry import ModelRegistry
from moments_ray.settings import Settings
from moments_ray.testing.model_server import completion, model_server
from moments_ray.testing.ssh_server import SshServer, ssh_server
from tests.chaos.proxy import Connect, FaultProxy
from tests.chaos.trouble import MODEL
from tests.integration.cli.living_server import command, free_port
from tests.ray.home import Home, kill

_ROOT = Path(__file__).parents[2]
_PIPELINES = ("tests.chaos.trouble",)
_START_SECONDS = 180.0
_STOP_SECONDS = 120.0


class Deployment:
    """What the monkey breaks and the driver submits to."""

    def __init__(self, home: Path, ssh: SshServer) -> None:
        self.home = Home(home)
        self.ssh = ssh
        self.postgres = FaultProxy(_unix(PostgresServer(home).files.sockets / ".s.PGSQL.5432"))
        self.redis = FaultProxy(_unix(RedisServer(home).files.sockets / "redis.sock"))
        self._server: subprocess.Popen[bytes] | None = None
        self._node: subprocess.Popen[bytes] | None = None
        self._log = home.parent / "up.log"
        self._port = free_port()

    @property
    def settings(self) -> Settings:
        """How the driver reaches the stores: through the proxies, as the server does."""
        user = PostgresServer(self.home.path).url.split("//")[1].split("@")[0]
        return Settings(
            _env_file=None,
            home=self.home.path,
            database_url=SecretStr(f"postgresql://{user}@127.0.0.1:{self.postgres.port}/{DATABASE}"),
            redis_url=SecretStr(f"redis://127.0.0.1:{self.redis.port}/0"),
            gcs_bucket_name=None,
            ray_address=None,
            pipelines=_PIPELINES,
        )

    async def start_server(self) -> None:
        """Give the command ``moments up`` until one gets ready: what is broken may end it on its way."""
        deadline = asyncio.get_running_loop().time() + _START_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            with self._log.open("ab") as log:
                began = log.tell()
                self._server = subprocess.Popen(  # noqa: ASYNC220 - it takes a moment
                    command("up", "--port", str(self._port)),
                    env=self._environment(),
                    cwd=_ROOT,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            while self._server.poll() is None:
                if "ready;" in self._said(began):
                    return
                await asyncio.sleep(0.2)
            await asyncio.sleep(1.0)
        raise TimeoutError(f"moments up does not come up: {self._said(0)[-2000:]}")

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "MOMENTS_"))}
        database, redis = self.settings.database_url, self.settings.redis_url
        assert database is not None
        assert redis is not None
        return {
            **kept,
            "DATABASE_URL": database.get_secret_value(),
            "REDIS_URL": redis.get_secret_value(),
            "MOMENTS_HOME": str(self.home.path),
            "MOMENTS_PIPELINES": json.dumps(_PIPELINES),
            "MOMENTS_MODELS__SSH_KEY_PATH": str(self.ssh.key),
            "MOMENTS_MODELS__KNOWN_HOSTS_PATH": str(self.ssh.known_hosts),
            "PYTHONPATH": str(_ROOT),
        }

    def _said(self, since: int) -> str:
        return self._log.read_bytes()[since:].decode(errors="replace")

    async def kill_server(self) -> None:
        """Kill the server, and Ray's head with it, and start it again."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()
        await self.start_server()

    async def stop_server(self) -> int:
        """Tell the server to stop and return its exit status."""
        assert self._server is not None
        self._server.terminate()
        return await asyncio.to_thread(self._server.wait, _STOP_SECONDS)

    async def start_node(self) -> None:
        """Add a node to the server's Ray."""
        found = re.findall(r"started at (\S+):", self._said(0))
        offer = json.dumps({"audio_extraction": 2, "clip_extraction": 4})
        token = self.home.path / "ray_token"
        with self._log.open("ab") as log:
            self._node = subprocess.Popen(  # noqa: ASYNC220 - it takes a moment
                [
                    *(sys.executable, "-m", "tests.chaos.node", f"--address={found[-1]}", "--num-cpus=8"),
                    *(f"--resources={offer}", "--object-store-memory=100000000"),
                ],
                env={**self._environment(), "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token)},
                cwd=_ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def kill_node(self, down: float) -> None:
        """Kill the second node with all that runs on it, and add another one."""
        self.end_node()
        await asyncio.sleep(down)
        await self.start_node()

    def end_node(self) -> None:
        """Kill the second node with all that runs on it."""
        _kill_family(self._node)

    def end(self) -> None:
        """End what still runs."""
        _kill_family(self._node)
        _kill_family(self._server)


def _unix(path: Path) -> Connect:
    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(path)

    return connect


def _kill_family(process: subprocess.Popen[bytes] | None) -> None:
    if process is not None:
        kill([process.pid, *_descendants(process.pid)])
        process.wait()


def _descendants(root: int) -> list[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int(entry.joinpath("stat").read_text().rpartition(")")[2].split()[1])
    found, frontier = [], [root]
    while frontier:
        frontier = [pid for pid, parent in parents.items() if parent in frontier]
        found += frontier
    return found


@contextlib.asynccontextmanager
async def deployment(directory: Path) -> AsyncIterator[tuple[Deployment, Environment]]:
    """Build an installation, with the driver's own connections to it; at the end it is gone."""
    home = directory / "home"
    home.mkdir()
    bare = Settings(_env_file=None, home=home, database_url=None, redis_url=None, ray_address=None)
    keys = directory / "ssh"
    keys.mkdir()
    with model_server(lambda _: completion("yes")) as model, ssh_server(keys) as ssh:
        async with embedded_services(bare):
            built = Deployment(home, ssh)
            await built.postgres.start()
            await built.redis.start()
            try:
                await built.start_server()
                await built.start_node()
                environment = runtime.connect(built.settings)
                await _configure(environment, ssh, model.port)
                yield built, environment
                await environment.close()
            finally:
                built.end()
                await built.postgres.stop()
                await built.redis.stop()
        await built.home.gone(60.0)  # the embedded servers outlive their last client by a moment


async def _configure(environment: Environment, ssh: SshServer, port: int) -> None:
    registry: ModelRegistry = environment.service(Gateway).registry
    login = {"ssh_host": "127.0.0.1", "ssh_port": ssh.port, "ssh_user": "moments", "remote_host": "127.0.0.1"}
    with contextlib.suppress(ServiceUnavailable, RedisError):
        await registry.patch(MODEL, {**login, "remote_port": port, "local_port": None})
