"""A new kind of work is one file: many runs on one video, results, notes, deadlines and the API come with it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from moments_ray.database.tables import Run, Video
from moments_ray.engine import Pipeline
from moments_ray.engine.environment import Environment
from moments_ray.engine.execute.claimed_run import ClaimedRun
from moments_ray.engine.execute.stage import execute_stage
from moments_ray.engine.queries.claims import Claims, claim_of
from moments_ray.engine.queries.rows import row_of
from moments_ray.engine.queries.run_lists import RunLists
from moments_ray.engine.registry import Registry
from moments_ray.engine.runs.service import RunService
from moments_ray.errors import NotFound, RunActive
from moments_ray.ids import new_identifier
from moments_ray.library.deletion import Deletion, finish_deletions
from moments_ray.library.queries.videos import get_or_create_video
from moments_ray.states import RunStatus
from tests.ray import house_pipelines
from tests.ray.conftest import Engine, StartWorker
from tests.ray.house_pipelines import JOB, MEASURE, ON_VIDEO, WALL, WORK, HouseRequest, Thing, video_of
from tests.runs import submit


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A file whose presence lets stages go on that wait."""
    return tmp_path / "gate"


@pytest.fixture
async def video(engine: Engine) -> Video:
    async with engine.environment.database.begin() as session:
        found, _ = await get_or_create_video(row_of(session), f"test:{new_identifier()}")
        return found


async def names(engine: Engine, prefix: str) -> set[str]:
    return {one.name async for one in engine.environment.store.list(prefix)}


async def staged(engine: Engine, run: Run) -> str:
    """Wait until a run has staged its object, and return its name."""
    pipeline = engine.environment.registry.get(run.pipeline)
    name = f"{pipeline.staging(run.subject, run.identifier)}piece.txt"
    async with asyncio.timeout(60):
        while not await engine.environment.store.exists(name):
            await asyncio.sleep(0.05)
    return name


async def unlocked(engine: Engine) -> None:
    """Wait until no run holds a lock."""
    async with asyncio.timeout(60):
        while [key async for key in engine.redis.scan_iter("pipeline:*:lock")]:
            await asyncio.sleep(0.05)


async def test_ten_runs_on_one_video_leave_each_other_alone(
    engine: Engine, start: StartWorker, video: Video, gate: Path
) -> None:
    await start("house", runs_at_once=5)
    on = HouseRequest(video=video.identifier, gate=str(gate))
    waiting = [await engine.submit(pipeline, on) for pipeline in (ON_VIDEO, ON_VIDEO, JOB)]
    objects = [await staged(engine, run) for run in waiting]
    others = [
        await engine.submit(pipeline, HouseRequest(video=video.identifier, label=f"{pipeline.name}-{number}"))
        for number in range(2)
        for pipeline in (MEASURE, WORK)
    ]
    others += [await engine.submit(MEASURE, HouseRequest(video=video.identifier, thing=Thing(name=n))) for n in "abc"]
    assert len(waiting + others) == 10
    assert objects[0].startswith(f"videos/{video.identifier}/staging/{waiting[0].identifier}/")
    assert objects[2].startswith(f"house_jobs/{waiting[2].subject}/staging/")
    await engine.run_service.cancel(waiting[0].identifier)
    assert (await engine.ended(waiting[0].identifier)).status == RunStatus.CANCELLED
    assert [await engine.environment.store.exists(name) for name in objects] == [False, True, True]
    gate.touch()
    for run in (*waiting[1:], *others):
        ended = await engine.ended(run.identifier)
        assert (ended.status, ended.errors, ended.error) == (RunStatus.COMPLETED, 0, None)
    published = {f"videos/{video.identifier}/pieces/{waiting[1].identifier}.txt"}
    assert await names(engine, f"videos/{video.identifier}/") == published
    assert await names(engine, f"house_jobs/{waiting[2].subject}/") == {(await result(engine, waiting[2]))["name"]}
    await unlocked(engine)


async def result(engine: Engine, run: Run) -> dict[str, Any]:
    found = (await engine.run(run.identifier)).result
    assert found is not None
    return found


async def test_a_deleted_video_ends_and_waits_for_every_run_on_it(
    engine: Engine, worker: object, video: Video, gate: Path
) -> None:
    on = HouseRequest(video=video.identifier, gate=str(gate))
    runs = [await engine.submit(pipeline, on) for pipeline in (ON_VIDEO, JOB)]
    for run in runs:
        await staged(engine, run)
    runs.append(await engine.submit(MEASURE, on))  # queued: the worker takes two at once
    deletion = Deletion(engine.environment, engine.redis)
    if not await deletion.delete(video.identifier):  # a busy machine: whoever sweeps next finishes it
        async with asyncio.timeout(30):
            while await on_video(engine, video):
                await finish_deletions(engine.environment)
                await asyncio.sleep(0.1)
    assert await on_video(engine, video) == []
    for run in runs:
        with pytest.raises(NotFound):
            await engine.run(run.identifier)
        assert [key async for key in engine.redis.scan_iter(f"*{run.identifier}*")] == []
        assert await names(engine, f"house_jobs/{run.subject}/") == set()
    assert await names(engine, f"videos/{video.identifier}/") == set()
    with pytest.raises(NotFound):
        await engine.submit(JOB, on)


async def on_video(engine: Engine, video: Video) -> list[str]:
    async with engine.environment.database.read() as session:
        return [run.identifier for run in await RunLists(session).of_video(video.identifier)]


async def test_notes_of_a_try_are_read_by_the_next_and_a_run_keeps_its_own_number_of_tries(
    engine: Engine, start: StartWorker
) -> None:
    await start("house", runs_at_once=4)

    async def submitted(fail_first: int, **order: Any) -> Run:
        request = HouseRequest(label=new_identifier(), fail_first=fail_first)
        return await engine.submit(WORK, request, **order)

    by_stage, once, thrice = [await submitted(1), await submitted(1, tries=1), await submitted(2, tries=3)]
    wall = await engine.submit(WALL, HouseRequest(items=2, fail_first=2), tries=3)
    assert (await engine.ended(by_stage.identifier)).result == {"label": by_stage.subject, "tries": 2}
    failed = await engine.ended(once.identifier)
    assert (failed.status, failed.error_stage) == (RunStatus.FAILED, "HOUSE_WORK")
    assert [one.status for one in await engine.tries(once)] == ["failed"]
    assert (await engine.ended(thrice.identifier)).result == {"label": thrice.subject, "tries": 3}
    assert [one.status for one in await engine.tries(thrice)] == ["failed", "failed", "completed"]
    laid = await engine.ended(wall.identifier)
    assert (laid.status, laid.result) == (
        RunStatus.COMPLETED,
        {"items": [{"tries": 3}, {"tries": 3}], "failed": []},
    )
    await engine.run_service.retry(once.identifier)  # what an earlier claim noted counts as well
    assert (await engine.ended(once.identifier)).result == {"label": once.subject, "tries": 2}


async def test_a_run_over_its_deadline_fails_and_what_it_staged_goes(
    engine: Engine, worker: object, video: Video, gate: Path
) -> None:
    on = HouseRequest(video=video.identifier, gate=str(gate))
    run = await engine.submit(ON_VIDEO, on, deadline_seconds=1.0)
    ended = await engine.ended(run.identifier)
    assert (ended.status, ended.error_stage, ended.result) == (RunStatus.FAILED, "HOUSE_PIECE", None)
    assert ended.error is not None
    assert (ended.error["code"], ended.error["message"]) == ("run.timeout", "The run did not end within 1 seconds.")
    assert await names(engine, f"videos/{video.identifier}/") == set()
    gate.touch()
    again = await engine.run_service.retry(run.identifier)
    assert (again.deadline_at, again.deadline_seconds) == (None, 1.0)


async def test_what_an_older_version_or_another_model_made_is_made_again(engine: Engine, video: Video) -> None:
    async def taken_over(environment: Environment, pipeline: Pipeline) -> bool:
        """Run the stage here, and tell whether it took what stands."""
        request = HouseRequest(video=video.identifier, label=new_identifier())
        run = await submit(RunService(environment), pipeline, request, notify=False)
        async with environment.database.begin() as session:
            claimed = await Claims(session).claim(run.identifier, "worker-here", 60.0)
        assert claimed is not None
        await execute_stage(await ClaimedRun.load(environment, claim_of(claimed)), "HOUSE_MEASURE")
        assert (await engine.stages(run))["HOUSE_MEASURE"].output == {"letters": 7}
        return any(event.data.get("reused") for event in await engine.events(run))

    newer = Pipeline(MEASURE.name, replace(house_pipelines.measure, version=2), takes=HouseRequest, video=video_of)
    upgraded = replace(engine.environment, registry=Registry([newer]))
    assert [await taken_over(engine.environment, MEASURE) for _ in range(2)] == [False, True]
    assert [await taken_over(upgraded, newer) for _ in range(2)] == [False, True]
    ruler = engine.settings.home / "house_ruler"
    ruler.write_text("steel")
    try:
        assert [await taken_over(upgraded, newer) for _ in range(2)] == [False, True]
    finally:
        ruler.unlink()
    assert await taken_over(upgraded, newer)


async def test_one_at_a_time_where_the_pipeline_says_so(engine: Engine) -> None:
    run = await engine.submit(WORK, HouseRequest(label=(label := new_identifier())))
    with pytest.raises(RunActive) as refused:
        await engine.submit(WORK, HouseRequest(label=label, items=1))
    assert refused.value.detail == {"run": run.identifier}
