"""A thousand videos derived again, promoted and taken back by processes that are killed at random: right to the row."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from moments_ray.engine.queries.runs import Runs
from moments_ray.http.container import Container
from moments_ray.states import RunStatus
from tests.library import Library

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

VIDEOS = int(os.environ.get("V", "1000"))
KILLS = 3  # in each of the three phases, at least
ROOT = Path(__file__).parents[3]
# What a worker does for backfills now and then, and nothing else of a worker.
ATTENDANT = """
import asyncio, sys
from moments_ray import runtime
from moments_ray.corpus.attending import attend_to_backfills
from moments_ray.settings import Settings

async def main():
    environment = runtime.connect(Settings(_env_file=None))
    print("ready", flush=True)
    while True:
        await attend_to_backfills(environment)
        await asyncio.sleep(0.05)

asyncio.run(main())
"""


class Attendants:
    """One after the other, each killed at any moment of its work."""

    def __init__(self, container: Container) -> None:
        self._database = container.environment.database
        settings = container.environment.settings
        assert settings.database_url is not None
        assert settings.redis_url is not None
        self._environment = {
            **os.environ,
            "DATABASE_URL": settings.database_url.get_secret_value(),
            "REDIS_URL": settings.redis_url.get_secret_value(),
            "MOMENTS_HOME": str(settings.home),
            "PYTHONPATH": str(ROOT),
        }
        self._random = random.Random(14)

    async def until(self, done: Callable[[], Awaitable[bool]]) -> int:
        """Kill so many and more, until it is done; return how many."""
        killed = 0
        while not (killed >= KILLS and await done()):
            async with self._one() as attendant:
                deadline = time.monotonic() + self._random.uniform(0.05, 1.5 + killed)
                while time.monotonic() < deadline and not (killed >= KILLS and await done()):
                    await asyncio.sleep(0.02)
                attendant.kill()
            killed += 1
            async with self._database.begin() as session:  # as when the lease of the killed one has run out
                await session.execute(text("UPDATE backfills SET attended_until = now()"))
        return killed

    @contextlib.asynccontextmanager
    async def _one(self) -> AsyncIterator[asyncio.subprocess.Process]:
        attendant = await asyncio.create_subprocess_exec(
            sys.executable, "-c", ATTENDANT, env=self._environment, stdout=asyncio.subprocess.PIPE
        )
        assert attendant.stdout is not None
        assert await attendant.stdout.readline() == b"ready\n"
        yield attendant
        await attendant.wait()


async def test_a_thousand_videos_are_derived_again_promoted_and_taken_back_right_to_the_row(
    api: httpx.AsyncClient, container: Container, library: Library, tell: Callable[[str], None]
) -> None:
    videos = {}
    for _ in range(VIDEOS):
        video = await library.video()
        run = await library.run(video)
        await library.found(video, run, (10.0, 20.0), (30.0, 40.0))
        await library.finish(run)
        videos[video.id] = video
    attendants, derived = Attendants(container), set[int]()
    body = {
        "source": {"videos": {}},
        "pipeline": "generation",
        "mode": "rederive",
        "as": "candidate",
        "in_flight": VIDEOS,
    }
    backfill = (await api.post("/api/backfills", json=body)).headers["Location"]

    async def count(query: str) -> int:
        async with library.database.read() as session:
            return int(await session.scalar(text(query)) or 0)

    async def work() -> bool:
        """Have every run that was started find something, and tell whether the backfill is at its end."""
        async with library.database.read() as session:
            query = text("SELECT identifier FROM runs WHERE status = 'queued' AND config::text LIKE '%candidate%true%'")
            waiting = [await Runs(session).get(run) for run in list(await session.scalars(query))]
        for run in waiting[:50]:
            assert run.video_id is not None
            assert run.video_id not in derived
            derived.add(run.video_id)
            spans = ((10.0, 20.0), (32.0, 40.0), (50.0, 60.0))
            await library.found(videos[run.video_id], run, *spans, candidate=True)
            await library.finish(run, RunStatus.COMPLETED)
        return bool((await api.get(backfill)).json()["status"] == "completed")

    async def worked() -> bool:
        while await count("SELECT count(*) FROM runs WHERE status = 'queued'"):
            await work()
        return await work()

    began = time.monotonic()
    killed = await attendants.until(worked)
    tell(f"{VIDEOS} derived again over {killed} killed attendants: {time.monotonic() - began:.1f} s")
    assert (await api.get(backfill)).json()["counts"]["completed"] == VIDEOS == len(derived)
    totals = (await api.get(f"{backfill}/diff", params={"limit": 1})).json()["totals"]
    one_each = {"kept": 1, "moved": 1, "new": 1, "gone": 0}
    assert {name: totals[name] for name in one_each} == {name: each * VIDEOS for name, each in one_each.items()}

    for order, shown, moments in (("promote", "candidate", 3), ("rollback", "first", 2)):
        # Asked for as the route does, but left for the attendants.
        async with library.database.begin() as session:
            await session.execute(text("UPDATE backfills SET sets_to = :order"), {"order": order})
        began = time.monotonic()

        async def changed() -> bool:
            return await count("SELECT count(*) FROM backfills WHERE sets_to IS NOT NULL") == 0

        killed = await attendants.until(changed)
        tell(f"{order} of {VIDEOS} over {killed} killed attendants: {time.monotonic() - began:.1f} s")
        current = "SELECT count(*) FROM moment_sets s WHERE status = 'current'"
        of = f"(SELECT count(*) FROM moments m WHERE m.set_id = s.id) = {moments}"
        assert await count(current) == VIDEOS, shown
        assert await count(f"{current} AND {of}") == VIDEOS, shown
        assert await count("SELECT count(DISTINCT video_id) FROM moment_sets WHERE status = 'current'") == VIDEOS
        assert await count("SELECT count(*) FROM moment_sets") == 2 * VIDEOS
        assert await count("SELECT count(*) FROM moments") == 5 * VIDEOS
