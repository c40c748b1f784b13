"""A process that dies, errs or freezes between any two commits: the run ends right, once, and nothing is left."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import ray
from sqlalchemy import select

from moments_ray.database.tables import Run, Video
from moments_ray.engine.queries.run_lists import RunLists
from moments_ray.library.queries.videos import get_or_create_video
from moments_ray.process.failpoint import FAILPOINTS, FAULT_ACTIONS
from moments_ray.states import RunStatus
from tests.ray.callers import cancel, delete, submit
from tests.ray.conftest import Engine
from tests.ray.faulty import PAYMENT_POINTS, Faulty
from tests.ray.trial_pipelines import FAN, IDLING, TRIAL, Trial

_RUN_POINTS = [point for point in FAILPOINTS if point.split(".")[0] in {"submit", "message", "stage", "item", "items"}]
_RUN_POINTS += ["run.claimed", "run.ending", "run.ended", "run.unlocked"]
# Where claim and start, and output and verdict, are one commit: there is no ``run.ending``.
_WORKER_POINTS = ["message.taken", "run.claimed", "stage.started", "stage.made", "stage.committed", "run.ended"]
_ITEMS = 3
# One death of each kind every time: before and after a commit, of a caller, of a stage, of an item and of a worker.
_EVERY_TIME = {
    "submit.committed:kill",
    "message.taken:kill",
    "stage.made:kill",
    "item.made:kill",
    "run.ended:kill",
    "cancel.committed:kill",
    "run.handed_back:kill",
    "deletion.marked:kill",
}


def sweep(points: list[str]) -> list[Any]:
    """Every point with every action; what is not tried every time is slow."""
    faults = [f"{point}:{action}" for point in points for action in FAULT_ACTIONS]
    return [pytest.param(fault, marks=[] if fault in _EVERY_TIME else pytest.mark.slow) for fault in faults]


@pytest.fixture
async def faulty(engine: Engine) -> AsyncIterator[Faulty]:
    faulty = Faulty(engine)
    yield faulty
    for actor in faulty.actors:
        ray.kill(actor)


async def assert_done_once(engine: Engine, run: Run, status: RunStatus) -> None:
    """One verdict, one completed try a stage, one commit an item; nothing in Redis, on disk or given up."""
    events = Counter(
        (event.type, event.data.get("stage"), event.data.get("item"))
        for event in await engine.events(run)
        if event.type.endswith((".completed", ".failed", ".cancelled"))
    )
    assert events[f"run.{status}", None, None] == 1
    assert {count for (kind, _, _), count in events.items() if kind.endswith(".completed")} <= {1}
    tries = Counter(one.stage for one in await engine.tries(run) if one.status == "completed")
    assert set(tries.values()) <= {1}
    assert "processing" not in {one.status for one in await engine.tries(run)}
    await engine.left_nothing(run, timeout=20)
    for _ in range(50):
        if not any(engine.settings.scratch.glob("*")):
            break
        await asyncio.sleep(0.1)
    assert not any(engine.settings.scratch.glob("*"))
    assert await engine.dead_letter_reasons() == []


@pytest.mark.parametrize("fault", sweep(_RUN_POINTS))
async def test_a_run_ends_right_and_once(faulty: Faulty, engine: Engine, tmp_path: Path, fault: str) -> None:
    await faulty.arm(fault)
    who, notes = str(uuid.uuid4()), tmp_path / "notes"
    await faulty.elsewhere(submit, Trial(notes=str(notes), items=_ITEMS), who)
    async with engine.environment.database.read() as session:
        (run,) = (await RunLists(session).runs(None, 1, subject=who, pipeline=FAN.name)).rows
    ended = await engine.ended(run.identifier)
    if ended.status == RunStatus.FAILED:  # an error that nobody foresaw, of the stage itself, is not tried again
        assert fault in {"stage.made:raise", "items.planned:raise"}
        assert ended.error is not None
        assert ended.error["code"] == "stage.failed"
        await engine.left_nothing(run)
        await engine.redis.delete("pipeline:dead")
        await engine.run_service.retry(run.identifier)
        ended = await engine.ended(run.identifier)
    assert ended.status == RunStatus.COMPLETED
    assert ended.error is None
    assert {name: stage.status for name, stage in (await engine.stages(run)).items()} == {
        "FIRST": "completed",
        "DOUBLE": "completed",
        "LABEL": "completed",
    }
    await assert_done_once(engine, run, RunStatus.COMPLETED)
    assert faulty.struck


@pytest.mark.parametrize("fault", sweep(_WORKER_POINTS))
async def test_a_run_that_its_worker_executes_itself_ends_right_and_once(
    faulty: Faulty, engine: Engine, tmp_path: Path, fault: str
) -> None:
    await faulty.arm(fault)
    run = await engine.submit(IDLING, Trial(notes=str(tmp_path / "notes")), subject=str(uuid.uuid4()))
    ended = await engine.ended(run.identifier)
    if fault == "stage.made:raise":  # an error that nobody foresaw, of the stage itself, is not tried again
        assert ended.error is not None
        assert ended.error["code"] == "stage.failed"
        await engine.redis.delete("pipeline:dead")
        await engine.run_service.retry(run.identifier)
        ended = await engine.ended(run.identifier)
    assert (ended.status, ended.error) == (RunStatus.COMPLETED, None)
    await assert_done_once(engine, run, RunStatus.COMPLETED)
    assert faulty.struck


@pytest.mark.parametrize("fault", sweep(["cancel.committed"]))
async def test_a_cancellation_is_never_lost(faulty: Faulty, engine: Engine, tmp_path: Path, fault: str) -> None:
    await faulty.arm(fault)
    notes = tmp_path / "notes"
    run = await engine.submit(TRIAL, Trial(notes=str(notes), sleep=600), subject=str(uuid.uuid4()))
    await engine.until(lambda: notes.exists() and "child" in notes.read_text())
    await faulty.elsewhere(cancel, run.identifier)
    assert (await engine.ended(run.identifier)).status == RunStatus.CANCELLED
    assert faulty.struck
    await assert_done_once(engine, run, RunStatus.CANCELLED)


@pytest.mark.parametrize("fault", sweep(["run.handed_back"]))
async def test_a_drained_worker_loses_nothing(faulty: Faulty, engine: Engine, tmp_path: Path, fault: str) -> None:
    await faulty.arm(fault)
    notes = tmp_path / "notes"
    run = await engine.submit(TRIAL, Trial(notes=str(notes), sleep=1), subject=str(uuid.uuid4()))
    await engine.until(lambda: notes.exists() and "second" in notes.read_text())
    drained = await faulty.owner(run)
    try:
        await drained.drain.remote()
    except (ray.exceptions.RayError, RuntimeError):
        assert faulty.struck
    ended = await engine.ended(run.identifier)
    assert (ended.status, ended.crash_count) == (RunStatus.COMPLETED, 0)
    await assert_done_once(engine, run, RunStatus.COMPLETED)


@pytest.mark.parametrize("fault", sweep(["deletion.marked", "deletion.cleared"]))
async def test_a_deletion_that_was_begun_is_finished(faulty: Faulty, engine: Engine, fault: str) -> None:
    await faulty.arm(fault)
    source = f"https://example.org/{uuid.uuid4()}.mp4"
    video, _ = await get_or_create_video(engine.environment.database.row, source, source_url=source)
    name = f"videos/{video.identifier}/source-1.mp4"
    await engine.environment.store.put_bytes(name, b"film", content_type="video/mp4")
    await faulty.elsewhere(delete, video.identifier)
    async with asyncio.timeout(20):
        while not await gone(engine, video.identifier):
            await asyncio.sleep(0.1)
    assert faulty.struck
    assert [one async for one in engine.environment.store.list(f"videos/{video.identifier}/")] == []


async def gone(engine: Engine, identifier: str) -> bool:
    async with engine.environment.database.read() as session:
        return await session.scalar(select(Video).where(Video.identifier == identifier)) is None


def test_every_failpoint_is_swept() -> None:
    swept = {*_RUN_POINTS, "cancel.committed", "run.handed_back", "deletion.marked", "deletion.cleared"}
    swept |= set(PAYMENT_POINTS)
    assert swept == set(FAILPOINTS)
    assert {fault.split(":")[0] for fault in _EVERY_TIME} <= swept
