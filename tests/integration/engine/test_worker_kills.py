"""A worker that executes many runs itself, and dies among them: each ends right, and once."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from collections import Counter
from pathlib import Path

import pytest
import redis.asyncio as redis
from sqlalchemy import text

from moments_ray import runtime
from moments_ray.database.tables import Run
from moments_ray.engine.queries.journal_reader import JournalReader
from moments_ray.engine.runs.queue import GROUP, STREAMS
from moments_ray.engine.runs.service import RunService
from moments_ray.engine.runs.worker import PipelineWorker
from moments_ray.ids import new_identifier
from moments_ray.settings import Settings, WorkerSettings
from moments_ray.states import RunStatus
from tests.ray.trial_pipelines import IDLING, Trial
from tests.runs import submit

_RUNS, _AT_ONCE = 10, 4
_POINTS = [
    "message.taken",
    "run.claimed",
    "stage.started",
    "stage.made",
    "stage.committed",
    "run.ended",
    "run.unlocked",
]


def work(settings: Settings) -> None:
    """Be a worker, until a fault strikes."""
    client = runtime.open_redis(settings)
    asyncio.run(PipelineWorker(runtime.connect, settings, client, name="doomed").listen())


async def left(client: redis.Redis) -> int:
    """Count locks, and entries that nobody acknowledged."""
    pending = [int((await client.xpending(stream, GROUP))["pending"]) for stream in STREAMS]
    return sum(pending) + len([key async for key in client.scan_iter("pipeline:*:lock")])


async def ended(settings: Settings, runs: list[Run]) -> None:
    """Have another worker bring the runs to their ends."""
    environment, client = runtime.connect(settings), runtime.open_redis(settings)
    database = environment.database
    worker = PipelineWorker(lambda _: environment, settings, client, name="next")
    worker.start()
    async with asyncio.timeout(90):
        open_runs = "SELECT count(*) AS count FROM runs WHERE status IN ('queued', 'processing')"
        while (row := await database.row(open_runs)) is None or row["count"]:
            await asyncio.sleep(0.1)
        while await left(client):  # of runs that had ended, too
            await asyncio.sleep(0.1)
    await worker.drain()
    async with database.read() as session:
        for run in runs:
            journal = JournalReader(session, run.id)
            events = await journal.events()
            kinds = Counter(event.type for event in events)
            assert [event.seq for event in events] == list(range(1, len(events) + 1))
            assert (kinds["stage.completed"], kinds["run.completed"]) == (1, 1)
            tries = [one.status for one in await journal.tries()]
            assert tries[-1] == "completed"
            assert set(tries[:-1]) <= {"failed"}
        statuses = await session.scalars(text("SELECT DISTINCT status FROM runs"))
        assert set(statuses) == {RunStatus.COMPLETED}
    await client.aclose()
    await environment.close()


@pytest.mark.parametrize("point", _POINTS)
async def test_runs_that_a_worker_executes_itself_end_right_and_once_wherever_it_dies(
    toy_settings: Settings, tmp_path: Path, point: str
) -> None:
    worker = WorkerSettings(runs_at_once=_AT_ONCE, lease_seconds=2.0, heartbeat_seconds=0.3, sweep_seconds=0.5)
    settings = toy_settings.model_copy(update={"pipelines": ("tests.ray.trial_pipelines",), "worker": worker})
    environment, client = runtime.connect(settings), runtime.open_redis(settings)
    await client.flushall()
    await environment.database.row("DELETE FROM runs")
    service, trial = RunService(environment, client), Trial(notes=str(tmp_path / "notes"))
    runs = [await submit(service, IDLING, trial, subject=new_identifier()) for _ in range(_RUNS)]
    doomed = multiprocessing.get_context("spawn").Process(
        target=work, args=(settings.model_copy(update={"fault": f"{point}:kill"}),)
    )
    doomed.start()
    await asyncio.to_thread(doomed.join, 60)
    assert doomed.exitcode == -signal.SIGKILL
    await ended(settings, runs)
    await client.aclose()
    await environment.close()
