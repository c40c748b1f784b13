"""Fixtures every test may use."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
import structlog
from anyio.from_thread import start_blocking_portal

from moments_ray.embedded.postgres import PostgresServer
from moments_ray.embedded.redis import RedisServer
from moments_ray.embedded.services import Services, embedded_services
from moments_ray.process.file_lock import FileLock
from moments_ray.settings import Settings

# Ray reads these when it is imported, which happens after this module.
os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_AUTH_MODE", "disabled")
os.environ.setdefault("RAY_metrics_report_interval_ms", "1000")  # ten times as often as else

SHARED_MEDIA = Path(__file__).resolve().parents[2] / "shared" / "media"
FAULTS = SHARED_MEDIA.with_name("faults")

hypothesis.settings.register_profile("steady", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("steady")


@pytest.fixture(scope="session")
def shared_media() -> Path:
    """The folder of real recordings that is kept beside a checkout, not in it."""
    if not SHARED_MEDIA.is_dir():
        pytest.skip("the folder of real recordings (../shared/media) is not beside this checkout")
    return SHARED_MEDIA


@pytest.fixture(scope="session")
def faults() -> Path:
    """The folder of inputs that were once handled wrongly, kept beside a checkout, not in it."""
    if not FAULTS.is_dir():
        pytest.skip("the folder of inputs that were handled wrongly (../shared/faults) is not beside this checkout")
    return FAULTS


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Commands called in this process set up logging for a process of their own."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Print a line, whatever pytest does with a test's output."""
    plugins = request.config.pluginmanager
    reporter, capture = plugins.get_plugin("terminalreporter"), plugins.get_plugin("capturemanager")

    def line(said: str) -> None:
        if reporter is not None and capture is not None:  # no reporter in a process of xdist's
            with capture.global_and_fixture_disabled():
                reporter.ensure_newline()
                reporter.write_line(f"    {said}")

    return line


@pytest.fixture(scope="session")
def embedded_home() -> Iterator[Path]:
    """A ``MOMENTS_HOME`` with a short path, for the session's one set of servers."""
    with tempfile.TemporaryDirectory(prefix="moments-", dir="/tmp") as home:
        yield Path(home)


@pytest.fixture(scope="session")
def embedded(embedded_home: Path) -> Iterator[Services]:
    """The session's real PostgreSQL and Redis; they are gone when it ends."""
    settings = Settings(_env_file=None, database_url=None, redis_url=None, home=embedded_home)
    with start_blocking_portal() as portal:  # its thread watches over the servers while tests run loops of their own
        with portal.wrap_async_context_manager(embedded_services(settings)) as services:
            yield services
        for server in (PostgresServer(embedded_home), RedisServer(embedded_home)):
            with FileLock(server.files.supervisor_lock) as supervisor:
                portal.call(supervisor.acquire)


@pytest.fixture(scope="session")
def postgres_url(embedded: Services) -> str:
    """``postgresql://…`` of a real server, with an empty database that tests share."""
    return embedded.database_url


@pytest.fixture(scope="session")
def redis_url(embedded: Services) -> str:
    """``unix://…`` of a real server that tests share."""
    return embedded.redis_url


@pytest.fixture(scope="session", params=["valkey", "redis-server"])
def each_redis_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """``unix://…`` of the embedded server, then of the distribution's own Redis where that is installed."""
    if request.param == "valkey":
        yield request.getfixturevalue("redis_url")
        return
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("there is no redis-server on PATH (Debian: apt install redis-server)")
    with tempfile.TemporaryDirectory(prefix="moments-", dir="/tmp") as directory:
        socket = Path(directory) / "redis.sock"
        options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", directory]
        with subprocess.Popen([program, *options], stdout=subprocess.DEVNULL) as server:
            try:
                deadline = time.monotonic() + 30
                while not socket.exists():
                    assert server.poll() is None, "redis-server ended at once"
                    assert time.monotonic() < deadline, "redis-server opened no socket"
                    time.sleep(0.05)
                yield f"unix://{socket}"
            finally:
                server.terminate()


@pytest.fixture(scope="session")
def redis_server(embedded: Services, embedded_home: Path) -> RedisServer:
    """The server behind ``redis_url``, for tests that hurt it: ``working_in(files.data, program)`` finds it."""
    return RedisServer(embedded_home)
