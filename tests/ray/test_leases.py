"""Who owns a run while workers die, freeze, drain and lose locks: one at a time, and no zombie's word counts."""

from __future__ import annotations

import asyncio
import os
import signal
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import ray

from moments_ray.database.tables import Run
from moments_ray.errors import RunActive
from moments_ray.states import RunStatus
from tests.ray.conftest import Engine, StartWorker
from tests.ray.toy_pipeline import TOY, Ask
from tests.ray.trial_pipelines import HANGING, TRIAL, UNFIT, Trial

_ENDS = ("run.completed", "run.completed_with_errors", "run.failed", "run.cancelled")


def lines(notes: Path) -> Counter[str]:
    return Counter(notes.read_text().splitlines()) if notes.exists() else Counter()


def children(notes: Path) -> list[int]:
    return [int(line.split()[1]) for line in lines(notes) if line.startswith("child")]


def sleeps(pid: int) -> bool:
    """Tell whether a child that a stage started is still there; its id may be another's by now."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"sleep")
    except OSError:
        return False


async def submit(engine: Engine, notes: Path, **trial: Any) -> Run:
    return await engine.submit(TRIAL, Trial(notes=str(notes), **trial), subject=str(uuid.uuid4()))


async def claimed_again(engine: Engine, run: Run, attempt: int, timeout: float = 30) -> None:
    async with asyncio.timeout(timeout):
        while (await engine.run(run.identifier)).attempt < attempt:
            await asyncio.sleep(0.05)


async def assert_ended_once(engine: Engine, run: Run) -> None:
    """One verdict, and one completed try of every stage."""
    kinds = Counter(event.type for event in await engine.events(run))
    assert sum(kinds[kind] for kind in _ENDS) == 1
    completed = Counter(one.stage for one in await engine.tries(run) if one.status == "completed")
    assert completed == dict.fromkeys(TRIAL.stage_names, 1)
    assert "processing" not in {one.status for one in await engine.tries(run)}
    await engine.left_nothing(run, timeout=20)


async def test_a_stage_that_outlasts_the_lease_runs_once_whoever_waits_for_it(
    engine: Engine, start: StartWorker, notes: Path
) -> None:
    for name in ("one", "two", "three"):
        await start(name)
    run = await submit(engine, notes, sleep=3 * engine.settings.worker.lease_seconds)
    ended = await engine.ended(run.identifier)
    assert (ended.status, ended.attempt, ended.crash_count) == (RunStatus.COMPLETED, 1, 0)
    assert (lines(notes)["second"], len(children(notes))) == (1, 1)
    await assert_ended_once(engine, run)


async def test_a_worker_that_was_frozen_finds_its_run_taken_and_writes_nothing(
    engine: Engine, start: StartWorker, notes: Path
) -> None:
    frozen = await start("frozen")
    pid = await frozen.__ray_call__.remote(lambda _: os.getpid())
    run = await submit(engine, notes, sleep=60, slow_first=1)
    await engine.until(lambda: lines(notes)["second"] == 1)
    os.kill(pid, signal.SIGSTOP)
    try:
        await start("next")
        await claimed_again(engine, run, 2)
    finally:
        os.kill(pid, signal.SIGCONT)
    async with asyncio.timeout(20):  # its heartbeat tells it, and it stops what it started
        while run.identifier in await frozen.executing.remote():
            await asyncio.sleep(0.05)
    ended = await engine.ended(run.identifier)
    assert (ended.status, ended.attempt, ended.error) == (RunStatus.COMPLETED, 2, None)
    assert {one.attempt for one in await engine.tries(run) if one.stage == "SECOND" and one.status == "completed"} == {
        2
    }
    assert not any(sleeps(child) for child in children(notes))
    await assert_ended_once(engine, run)


async def test_a_stage_that_makes_no_headway_is_stopped_at_its_deadline_with_its_children(
    engine: Engine, worker: object, notes: Path
) -> None:
    run = await engine.submit(HANGING, Trial(notes=str(notes)), subject=str(uuid.uuid4()))
    ended = await engine.ended(run.identifier)
    assert ended.error is not None
    assert (ended.status, ended.error["code"], ended.error_stage) == (RunStatus.FAILED, "stage.timeout", "HANG")
    assert [(one.number, one.error_code) for one in await engine.tries(run)] == [
        (1, "stage.timeout"),
        (2, "stage.timeout"),
    ]
    assert len(children(notes)) == 2
    assert not any(sleeps(child) for child in children(notes))


async def test_a_run_that_takes_three_workers_with_it_is_given_up_and_others_go_on(
    engine: Engine, start: StartWorker, notes: Path
) -> None:
    run = await submit(engine, notes, sleep=600)
    for death in range(1, 4):
        doomed = await start(f"doomed-{death}")
        await engine.until(lambda now=death: lines(notes)["second"] == now)  # type: ignore[misc]
        ray.kill(doomed, no_restart=True)
    other = await engine.submit(TOY, Ask(text="hello"), subject=str(uuid.uuid4()))
    await start("last")
    assert (await engine.ended(other.identifier)).status == RunStatus.COMPLETED
    ended = await engine.ended(run.identifier)
    assert ended.error is not None
    assert (ended.status, ended.error["code"], ended.attempt) == (RunStatus.FAILED, "run.poison", 4)
    assert lines(notes)["first"] == 1
    await engine.left_nothing(run)
    assert await engine.dead_letter_reasons() == ["run.poison"]


async def test_a_lock_that_is_lost_is_written_again_and_admits_no_second_run(
    engine: Engine, worker: object, notes: Path
) -> None:
    run = await submit(engine, notes, sleep=8)
    await engine.until(lambda: lines(notes)["second"] == 1)
    lock = f"pipeline:{run.subject}:lock"
    await engine.redis.delete(lock)
    with pytest.raises(RunActive):
        await engine.submit(TRIAL, Trial(notes=str(notes)), subject=run.subject)
    while await engine.redis.get(lock) != f"{run.identifier}:1".encode():
        await asyncio.sleep(0.05)
    ended = await engine.ended(run.identifier)
    assert (ended.status, ended.attempt) == (RunStatus.COMPLETED, 1)
    await assert_ended_once(engine, run)


async def test_a_worker_whose_lock_is_anothers_lets_its_run_go(engine: Engine, worker: object, notes: Path) -> None:
    run = await submit(engine, notes, sleep=60, slow_first=1)
    await engine.until(lambda: lines(notes)["second"] == 1)
    await engine.redis.set(f"pipeline:{run.subject}:lock", "somebody:7")
    await claimed_again(engine, run, 2)
    ended = await engine.ended(run.identifier)
    assert (ended.status, ended.attempt) == (RunStatus.COMPLETED, 2)
    assert lines(notes)["first"] == 1
    await assert_ended_once(engine, run)


async def test_what_a_drained_worker_hands_back_goes_on_elsewhere_at_once(
    engine: Engine, start: StartWorker, notes: Path
) -> None:
    workers = [await start(name, drain_seconds=0.5) for name in ("one", "two")]
    run = await submit(engine, notes, sleep=60, slow_first=1)
    await engine.until(lambda: lines(notes)["second"] == 1)
    (going,) = [one for one in workers if run.identifier in await one.executing.remote()]
    await going.drain.remote()
    await claimed_again(engine, run, 2)
    ended = await engine.ended(run.identifier)
    assert (ended.status, ended.crash_count) == (RunStatus.COMPLETED, 0)
    assert lines(notes)["first"] == 1
    assert not any(sleeps(child) for child in children(notes))
    await assert_ended_once(engine, run)


async def test_a_run_cancelled_in_the_queue_does_not_start_though_its_flag_is_long_gone(
    engine: Engine, start: StartWorker, notes: Path
) -> None:
    run = await submit(engine, notes)
    await engine.run_service.cancel(run.identifier)
    await engine.redis.delete(f"pipeline:{run.subject}:cancel")
    later = await engine.submit(TOY, Ask(text="hello"), subject=str(uuid.uuid4()))
    await start("late")
    assert (await engine.ended(later.identifier)).status == RunStatus.COMPLETED
    await engine.left_nothing(run)
    assert (await engine.run(run.identifier)).attempt == 0
    assert lines(notes) == {}


async def test_what_no_node_can_ever_run_is_said_after_a_while(engine: Engine, start: StartWorker, notes: Path) -> None:
    run = await engine.submit(UNFIT, Trial(notes=str(notes)), subject=str(uuid.uuid4()))
    await start("patient", capacity_wait_seconds=0.5)
    ended = await engine.ended(run.identifier)
    assert ended.error is not None
    assert (ended.status, ended.error["code"]) == (RunStatus.FAILED, "run.no_capacity")
    assert "telescope 1" in ended.error["message"]
