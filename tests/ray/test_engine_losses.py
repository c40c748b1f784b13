"""Workers and Redis are lost, and runs go on: taken over, handed back, given up, never done twice."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import ray
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy import text

from moments_ray import runtime
from moments_ray.engine.queries.claims import Claims, claim_of
from moments_ray.engine.queries.journal import Journal
from moments_ray.engine.runs.actor import keep_listening, start_worker
from moments_ray.errors import LeaseLost
from moments_ray.states import RunStatus
from tests.ray.conftest import Engine, StartWorker
from tests.ray.toy_pipeline import TOY, Ask
from tests.ray.traces import lines, nothing_left, subject
from tests.ray.trial_pipelines import TRIAL, Trial


async def test_another_worker_takes_over_from_one_that_was_killed(
    engine: Engine, start: StartWorker, worker: Any, notes: Path
) -> None:
    run = await engine.submit(TRIAL, Trial(notes=str(notes), sleep=8), subject=subject())
    await engine.until(lambda: lines(notes)["second"] == 1)
    ray.kill(worker, no_restart=True)
    await start("next")
    ended = await engine.ended(run.identifier)
    assert ended.error is None
    assert (ended.status, ended.attempt) == (RunStatus.COMPLETED, 2)
    assert lines(notes)["first"] == 1
    assert lines(notes)["second"] == 2
    await nothing_left(engine, run)


async def test_a_worker_that_died_goes_on_with_its_own_runs_without_waiting_out_their_leases(
    engine: Engine, notes: Path
) -> None:
    long_lease = engine.settings.worker.model_copy(update={"lease_seconds": 600.0})
    settings = engine.settings.model_copy(update={"worker": long_lease})
    worker = start_worker(runtime.connect, settings, runtime.open_redis, name="mortal", detached=False)
    listening = asyncio.create_task(keep_listening(worker))
    run = await engine.submit(TRIAL, Trial(notes=str(notes), sleep=2), subject=subject())
    await engine.until(lambda: lines(notes)["second"] == 1)
    ray.kill(worker, no_restart=False)
    ended = await engine.ended(run.identifier)
    assert (ended.status, ended.attempt, ended.error) == (RunStatus.COMPLETED, 2, None)
    await nothing_left(engine, run)
    await worker.drain.remote()
    await listening  # and no longer
    ray.kill(worker)


async def test_a_drained_worker_hands_its_run_back_and_nothing_runs_twice(
    engine: Engine, worker: Any, notes: Path
) -> None:
    run = await engine.submit(TRIAL, Trial(notes=str(notes), sleep=1), subject=subject())
    await engine.until(lambda: lines(notes)["second"] == 1)
    await worker.drain.remote()
    handed_back = await engine.run(run.identifier)
    assert (handed_back.status, handed_back.crash_count) == (RunStatus.QUEUED, 0)
    assert (await engine.stages(run))["SECOND"].status == "completed"


async def test_redis_wiped_in_the_middle_changes_nothing(engine: Engine, worker: object, notes: Path) -> None:
    waiting = await engine.submit(TRIAL, Trial(notes=str(notes) + "2"), subject=subject(), priority=1)
    run = await engine.submit(TRIAL, Trial(notes=str(notes), sleep=3), subject=subject())
    await engine.until(lambda: lines(notes)["second"] == 1)
    await engine.redis.flushall()
    ended = await engine.ended(run.identifier)
    assert (ended.status, ended.attempt) == (RunStatus.COMPLETED, 1)
    assert lines(notes) == {"first": 1, "second": 1, "third": 1, **{k: 1 for k in lines(notes) if "child" in k}}
    assert (await engine.ended(waiting.identifier, timeout=60)).status == RunStatus.COMPLETED
    await nothing_left(engine, run)


async def test_a_run_that_kills_three_workers_without_progress_is_given_up(
    engine: Engine, start: StartWorker, notes: Path
) -> None:
    run = await engine.submit(TRIAL, Trial(notes=str(notes)), subject=subject())
    async with engine.environment.database.begin() as session:
        await session.execute(
            text(
                "UPDATE runs SET status='processing', crash_count=2, owner='gone', heartbeat_at=now()-interval '1 hour'"
                " WHERE identifier=:run"
            ),
            {"run": run.identifier},
        )
    await start("third")
    ended = await engine.ended(run.identifier)
    assert ended.error is not None
    assert (ended.status, ended.error["code"]) == (RunStatus.FAILED, "run.poison")
    assert lines(notes) == {}


async def test_messages_nobody_can_read_become_dead_letters_and_the_worker_goes_on(
    engine: Engine, worker: object
) -> None:
    await engine.redis.xadd("pipeline:requests", {b"\xff\xfe": b"\xff"})
    await engine.redis.xadd("pipeline:requests", {"request_id": b"\xff\xfe"})
    await engine.redis.xadd("pipeline:requests", {"request_id": "nobody"})
    run = await engine.submit(TOY, Ask(text="hello"), subject=subject())
    assert (await engine.ended(run.identifier)).status == RunStatus.COMPLETED
    assert await engine.dead_letter_reasons() == ["malformed", "malformed", "unknown"]


async def test_a_zombies_writes_reach_no_row(engine: Engine, notes: Path) -> None:
    run = await engine.submit(TOY, Ask(text="x"), subject=subject())
    async with engine.environment.database.begin() as session:
        one = await Claims(session).claim(run.identifier, "worker-a", 60)
    async with engine.environment.database.begin() as session:
        two = await Claims(session).claim(run.identifier, "worker-b", 0)
    assert one is not None
    assert two is not None
    zombie = claim_of(one)
    assert (two.attempt, two.crash_count) == (2, 1)
    with pytest.raises(LeaseLost):
        async with engine.environment.database.begin() as session:
            await Journal(session, zombie).start("SHOUT", 0, node="here")
    assert await engine.stages(run) == {}


async def test_redis_that_is_down_when_a_run_is_submitted_costs_only_time(
    engine: Engine, worker: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreachable(*_: object, **__: object) -> None:
        raise RedisConnectionError

    monkeypatch.setattr(engine.run_service._queue, "enqueue", unreachable)
    run = await engine.submit(TOY, Ask(text="hello"), subject=subject())
    async with engine.environment.database.begin() as session:
        await session.execute(text("UPDATE runs SET notified_at = now() - interval '1 minute'"))
    assert (await engine.ended(run.identifier)).status == RunStatus.COMPLETED
