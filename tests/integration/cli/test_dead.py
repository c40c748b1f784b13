"""``moments dead``: what a real worker gave up, looked through, continued and cleared from the command line."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import redis.asyncio as redis
from sqlalchemy import text

from moments_ray import runtime
from moments_ray.embedded.services import Services
from moments_ray.engine.environment import Environment
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.live_status import LiveStatus
from moments_ray.engine.runs.service import RunService
from moments_ray.engine.runs.worker import PipelineWorker
from moments_ray.library.queries.videos import get_or_create_video
from moments_ray.library.values import Source
from moments_ray.moments.pipelines import MOMENTS
from moments_ray.moments.values import MomentsRequest
from moments_ray.settings import Settings
from tests.integration.cli.conftest import Moments
from tests.runs import submit


@pytest.fixture
def settings(empty_database: str, embedded: Services, moments: Moments, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a deployment of its own, which the commands read, too."""
    monkeypatch.setenv("DATABASE_URL", empty_database)
    monkeypatch.setenv("REDIS_URL", embedded.redis_url)
    assert moments("migrate").status == 0
    settings = Settings(_env_file=None)
    asyncio.run(_flush(settings))
    return settings


@contextlib.asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[tuple[Environment, redis.Redis]]:
    """Connections that are closed at the end, every one."""
    client = runtime.open_redis(settings)
    environment = replace(runtime.connect(settings), status_publisher=LiveStatus(client))
    yield environment, client
    await environment.close()
    await client.aclose()


async def _flush(settings: Settings) -> None:
    async with connected(settings) as (_, client):
        await client.flushall()


async def given_up(settings: Settings) -> str:
    """Have a real worker give up a run that killed three others, and an entry that nobody can read."""
    async with connected(settings) as (environment, client):
        video, _ = await get_or_create_video(environment.database.row, "test:given-up")
        source = Source(video=video.identifier, url="http://127.0.0.1:1/talk.mp4")
        run = await submit(RunService(environment, client), MOMENTS, MomentsRequest(source=source))
        async with environment.database.begin() as session:
            died = "status = 'processing', crash_count = 2, owner = 'gone', heartbeat_at = now() - interval '1 hour'"
            await session.execute(text(f"UPDATE runs SET {died} WHERE identifier = :run"), {"run": run.identifier})
        await client.xadd("pipeline:requests", {"request_id": b"\xff"})
        worker = PipelineWorker(lambda _: environment, settings, client, name="test")
        worker.start()
        async with asyncio.timeout(30):
            while await client.xlen("pipeline:dead") < 2:
                await asyncio.sleep(0.05)
        await worker.drain()
        return run.identifier


async def status(settings: Settings, run: str) -> tuple[str, int]:
    async with connected(settings) as (environment, _), environment.database.read() as session:
        found = await Runs(session).get(run)
        return found.status, found.crash_count


def test_a_poisoned_run_and_an_unreadable_entry_are_listed_continued_and_cleared(
    settings: Settings, moments: Moments
) -> None:
    assert moments("dead", "list").stdout == "nothing was given up\n"
    run = asyncio.run(given_up(settings))
    dead = {entry["reason"]: entry for entry in moments("dead", "list", "--json").document["dead"]}
    assert dead.keys() == {"run.poison", "malformed"}
    assert (dead["run.poison"]["run_id"], dead["run.poison"]["status"]) == (run, "failed")
    assert dead["run.poison"]["error"]["code"] == "run.poison"
    table = moments("dead", "list").stdout
    assert all(entry["id"] in table for entry in dead.values())

    refused = moments("dead", "retry", dead["malformed"]["id"])
    assert (refused.status, "there is no run in it" in refused.stderr) == (1, True)
    assert moments("dead", "retry", "nobody").status == 2
    retried = moments("dead", "retry", dead["run.poison"]["id"])
    assert (retried.status, run in retried.stdout) == (0, True)
    assert asyncio.run(status(settings, run)) == ("queued", 0)
    assert [entry["reason"] for entry in moments("dead", "list", "--json").document["dead"]] == ["malformed"]
    assert moments("dead", "clear").stdout == "cleared 1\n"
    assert moments("dead", "list", "--json").document == {"dead": []}


def test_services_that_are_away_are_named(moments: Moments, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:secret@127.0.0.1:1/db")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    outcome = moments("dead", "list")
    assert outcome.status == 1
    assert "[database.unavailable]" in outcome.stderr
    assert "secret" not in outcome.stderr
