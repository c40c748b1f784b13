"""One Ray for the session, and workers on it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import tempfile
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import ray
from pydantic import BaseModel, SecretStr
from pydantic.warnings import PydanticDeprecatedSince20
from sqlalchemy import text

from moments_ray import runtime
from moments_ray.database.tables import Run, RunAttempt, RunEvent, RunItem, RunStage
from moments_ray.embedded.services import Services
from moments_ray.engine import Pipeline
from moments_ray.engine.queries.journal_reader import JournalReader
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.actor import start_worker
from moments_ray.engine.runs.service import RunService
from moments_ray.http.container import Container
from moments_ray.settings import DownloadSettings, RetrySettings, Settings, WorkerSettings
from moments_ray.states import RunStatus
from moments_ray.testing.numbered import make_numbered_video
from tests.ray.home import Home
from tests.ray.talk import Talk, make_talk
from tests.runs import submit

with warnings.catch_warnings():
    warnings.simplefilter("ignore", PydanticDeprecatedSince20)
    import ray.serve  # its own use of pydantic warns


@pytest.fixture(scope="session")
def ray_settings(embedded: Services, embedded_home: Path) -> Settings:
    """Settings with short waits, on the session's PostgreSQL and Redis."""
    return Settings(
        _env_file=None,
        home=embedded_home,
        database_url=SecretStr(embedded.database_url),
        redis_url=SecretStr(embedded.redis_url),
        gcs_bucket_name=None,
        ray_address=None,
        pipelines=("tests.ray.toy_pipeline", "tests.ray.trial_pipelines", "tests.ray.house_pipelines"),
        worker=WorkerSettings(
            heartbeat_seconds=0.5, lease_seconds=3.0, sweep_seconds=1.0, cancel_poll_seconds=0.2, drain_seconds=5.0
        ),
        retry=RetrySettings(first_delay_seconds=0.1),
        download=DownloadSettings(allow_private_addresses=True),
    )


@pytest.fixture(scope="session")
def ray_cluster(ray_settings: Settings) -> Iterator[Settings]:
    """A Ray of one node, with the schema in place."""
    asyncio.run(runtime.migrate(ray_settings))
    with contextlib.ExitStack() as stack:
        stack.enter_context(runtime.cluster(ray_settings))
        yield ray_settings
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # Ray does not wait for the processes that it stops
            stack.close()
            gc.collect()


@pytest.fixture(scope="session")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Talk:
    """A small talk with known truth."""
    return make_talk(tmp_path_factory.mktemp("talk"))


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    """A ``MOMENTS_HOME`` for commands given as real processes."""
    with tempfile.TemporaryDirectory(prefix="moments-", dir="/tmp") as path:
        home = Home(Path(path))
        yield home
        await home.end()


class Engine:
    """What a test of the engine asks and looks at."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.environment = runtime.connect(settings)
        self.redis = runtime.open_redis(settings)
        self.run_service = RunService(self.environment, self.redis)

    async def submit(self, pipeline: Pipeline, request: BaseModel, *, subject: str | None = None, **order: Any) -> Run:
        return await submit(self.run_service, pipeline, request, subject=subject, **order)

    async def run(self, identifier: str) -> Run:
        async with self.environment.database.read() as session:
            return await Runs(session).get(identifier)

    async def stages(self, run: Run) -> dict[str, RunStage]:
        async with self.environment.database.read() as session:
            return await JournalReader(session, run.id).stages()

    async def tries(self, run: Run) -> list[RunAttempt]:
        async with self.environment.database.read() as session:
            return await JournalReader(session, run.id).tries()

    async def items(self, run: Run, stage: str) -> list[RunItem]:
        async with self.environment.database.read() as session:
            return await JournalReader(session, run.id).items(stage)

    async def events(self, run: Run) -> list[RunEvent]:
        async with self.environment.database.read() as session:
            return await JournalReader(session, run.id).events()

    async def ended(self, identifier: str, timeout: float = 120.0) -> Run:
        """Wait for a run's verdict."""
        async with asyncio.timeout(timeout):
            while not RunStatus((run := await self.run(identifier)).status).finished:
                await asyncio.sleep(0.05)
        return run

    async def left_nothing(self, run: Run, timeout: float = 10.0) -> None:
        """Wait until nothing of a run is left in Redis but history."""
        deadline = asyncio.get_running_loop().time() + timeout
        while (left := await self.left(run.subject)) and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.05)
        assert left == []

    async def left(self, subject: str) -> list[str]:
        """Return what is in Redis of a subject, and of the queue, that should be gone after its run."""
        history = {f"pipeline:{subject}:active", f"pipeline:{subject}:history"}
        left = [key.decode() async for key in self.redis.scan_iter(f"pipeline:{subject}:*")]
        left = [key for key in left if key not in history]
        async for stream in self.redis.scan_iter("pipeline:requests*"):
            pending = await self.redis.xpending(stream, "pipeline_workers")
            if pending["pending"] or await self.redis.xlen(stream):
                left.append(stream.decode())
        gone = -2  # one that another test's engine flushed, of a run that is reused here
        remaining = await self.redis.ttl(f"pipeline:{subject}:active")
        if remaining != gone and not 0 < remaining <= 3600:
            left.append("an active hash that stays")
        return left

    async def live(self, subject: str) -> dict[str, str]:
        """Return what pollers read of a subject."""
        fields: dict[Any, Any] = await self.redis.hgetall(f"pipeline:{subject}:active")
        return {name.decode(): value.decode() for name, value in fields.items()}

    async def dead_letter_reasons(self) -> list[str]:
        """Return the reasons in the stream of dead letters."""
        entries: list[Any] = await self.redis.xrange("pipeline:dead") or []
        return sorted(fields[b"reason"].decode() for _, fields in entries)

    async def until(self, condition: Callable[[], bool], timeout: float = 30.0) -> None:
        """Wait for something a stage writes down."""
        async with asyncio.timeout(timeout):
            while not condition():
                await asyncio.sleep(0.05)


@pytest.fixture
async def engine(ray_cluster: Settings) -> AsyncIterator[Engine]:
    """The engine without a worker, on an empty Redis."""
    engine = Engine(ray_cluster)
    await engine.redis.flushall()
    async with engine.environment.database.begin() as session:
        await session.execute(text("UPDATE runs SET status = 'cancelled' WHERE status IN ('queued', 'processing')"))
    yield engine
    await engine.redis.aclose()
    await engine.environment.close()


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """The file to which stages of trials write what they did."""
    return tmp_path / "notes"


StartWorker = Callable[..., Awaitable[Any]]


@pytest.fixture
async def start(engine: Engine) -> AsyncIterator[StartWorker]:
    """Starts workers that listen to the queue, with settings of their own; they are gone at the end of the test."""
    actors = []

    async def start_one(name: str, **own: Any) -> Any:
        settings = engine.settings.model_copy(update={"worker": engine.settings.worker.model_copy(update=own)})
        actor = start_worker(runtime.connect, settings, runtime.open_redis, name=name, detached=False)
        actors.append(actor)
        await actor.start.remote()
        return actor

    yield start_one
    for actor in actors:
        with contextlib.suppress(ray.exceptions.RayActorError):  # a test may have killed it
            await actor.drain.remote()
            ray.kill(actor)


@pytest.fixture
async def worker(start: StartWorker) -> Any:
    """One worker that listens to the queue."""
    return await start("test")


@pytest.fixture
async def api(engine: Engine, worker: object) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API beside a worker, on the same services."""
    from serve_app.factory import create_app  # noqa: PLC0415 - Serve is imported above, its warnings caught

    container = Container(runtime.connect(engine.settings), runtime.open_redis(engine.settings), list)
    transport = httpx.ASGITransport(create_app(container))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost", follow_redirects=True, timeout=120
    ) as client:
        yield client
    await container.close()


@pytest.fixture(scope="session")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds whose pictures carry their numbers."""
    return make_numbered_video(tmp_path_factory.mktemp("clock") / "clock.mp4", frames=300, rate=30)
