"""A cluster of namespaces, and what its tests ask of it; `make test-cluster`."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from sqlalchemy import text

from moments_ray import runtime
from moments_ray.database.tables import Run
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.service import RunService
from moments_ray.library.queries.videos import get_or_create_video
from moments_ray.library.values import Source
from moments_ray.moments.finding.options import find_options
from moments_ray.moments.pipelines import MOMENTS
from moments_ray.moments.values import GenerationOptions, MomentsRequest
from moments_ray.states import RunStatus
from moments_ray.testing.media import run_ffmpeg
from tests.cluster.machines import Cluster, cluster
from tests.cluster.network import missing, network
from tests.cluster.services import Services, services
from tests.cluster.waiting import until
from tests.ray.talk import make_talk
from tests.runs import submit

CLIPS = 3


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A talk of a minute with its subtitles inside, so that nobody has to listen."""
    directory = tmp_path_factory.mktemp("film")
    talk = make_talk(directory)
    film = directory / "film.mp4"
    run_ffmpeg(["-i", talk.path, "-i", talk.captions, "-map", "0", "-map", "1", "-c", "copy", "-c:s", "mov_text", film])
    return film


@pytest.fixture(scope="module")
def machines(film: Path) -> Iterator[Cluster]:
    """Three machines and the services they share, with nothing started on them."""
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="mct-", dir="/tmp") as path, start_blocking_portal() as portal:
        directory = Path(path)
        with (
            network(("head", "one", "two"), directory) as found,
            portal.wrap_async_context_manager(services(directory, film, shutil.which("pgbouncer") or "")) as shared,
            cluster(found, shared) as built,
        ):
            yield built


class Library:
    """Runs handed in and looked at by a process that is on none of the machines."""

    def __init__(self, shared: Services) -> None:
        self._web = shared.web
        self.environment = runtime.connect(shared.settings)
        self._redis = runtime.open_redis(shared.settings)
        self._runs = RunService(self.environment, self._redis)

    async def close(self) -> None:
        """Close every connection."""
        await self._redis.aclose()
        await self.environment.close()

    async def submit(self, count: int) -> list[str]:
        """Hand in runs over so many videos, with clips, and return their identifiers."""
        made = []
        for _ in range(count):
            url = self._web.url(uuid.uuid4().hex)
            video, _ = await get_or_create_video(self.environment.database.row, url)
            find = find_options(min_seconds=6, max_seconds=20, count=CLIPS)
            request = MomentsRequest(
                source=Source(video=video.identifier, url=url), generation=GenerationOptions(find=find)
            )
            made.append((await submit(self._runs, MOMENTS, request)).identifier)
        return made

    async def ended(self, runs: list[str], seconds: float) -> list[Run]:
        """Wait for the verdicts on runs and return them."""
        found: list[Run] = []

        async def all_ended() -> bool:
            async with self.environment.database.read() as session:
                found[:] = [await Runs(session).get(run) for run in runs]
            return all(RunStatus(run.status).finished for run in found)

        await until(all_ended, seconds)
        return found

    async def until_working_on(self, stage: str, seconds: float) -> None:
        """Wait until a run is at that stage."""
        question = "SELECT count(*) FROM run_stages WHERE status = 'processing' AND name = :a"

        async def at_work() -> bool:
            return await self.ask(question, a=stage) > 0

        await until(at_work, seconds)

    async def by_node(self) -> dict[str, int]:
        """Return how many tries of stages there were on each node."""
        async with self.environment.database.read() as session:
            found = await session.execute(text("SELECT node, count(*) FROM run_attempts GROUP BY node ORDER BY node"))
            return {str(node): int(count) for node, count in found}

    async def stages_on(self, node: str) -> set[str]:
        """Return the names of the stages that were tried on a node."""
        question = "SELECT DISTINCT stage FROM run_attempts WHERE node = :node"
        async with self.environment.database.read() as session:
            return set(await session.scalars(text(question), {"node": node}))

    async def ask(self, question: str, **values: object) -> int:
        """Return the one number that a question of SQL gives."""
        async with self.environment.database.read() as session:
            return int(await session.scalar(text(question), values) or 0)

    async def right(self, runs: list[str]) -> None:
        """Check that runs are completed, and that of all that they give there is one."""
        ended = await self.ended(runs, 1)
        assert {run.status for run in ended} == {RunStatus.COMPLETED}, [run.error for run in ended if run.error]
        for question in _DOUBLED:
            assert await self.ask(question) == 0, question
        clips = "SELECT count(*) FROM clips c JOIN runs r ON r.video_id = c.video_id WHERE r.identifier = ANY(:a)"
        moments = "SELECT count(*) FROM moments m JOIN runs r ON r.video_id = m.video_id WHERE r.identifier = ANY(:a)"
        assert await self.ask(clips, a=runs) >= len(runs)
        assert await self.ask(moments, a=runs) >= len(runs)


# What would be there twice if anything had been done twice, by the truth of the database: table, condition, key.
_ONCE = (
    ("clips", "true", "moment_id, preset"),
    ("moments", "NOT is_refined AND deleted_at IS NULL", "video_id, start_time, end_time"),
    ("run_stages", "true", "run_id, name"),
    ("run_events", "type = 'run.completed'", "run_id"),
)
_DOUBLED = tuple(
    f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {where} GROUP BY {key} HAVING count(*) > 1) found"
    for table, where, key in _ONCE
)


@pytest.fixture
async def library(machines: Cluster) -> AsyncIterator[Library]:
    """What the tests ask."""
    library = Library(machines.services)
    yield library
    await library.close()
