"""A chain of fan-outs streams its items, commits each, and does again only what is missing."""

from __future__ import annotations

from pathlib import Path

from moments_ray.states import RunStatus
from tests.ray.conftest import Engine
from tests.ray.traces import is_alive, lines, nothing_left, subject
from tests.ray.trial_pipelines import FAN, Trial


async def test_a_chain_streams_items_and_commits_each(engine: Engine, worker: object, notes: Path) -> None:
    run = await engine.submit(FAN, Trial(notes=str(notes), items=5), subject=subject())
    ended = await engine.ended(run.identifier)
    assert ended.error is None
    assert ended.status == RunStatus.COMPLETED
    stages = await engine.stages(run)
    assert stages["LABEL"].output == {"items": [{"label": f"{n} is {2 * n}"} for n in range(5)], "failed": []}
    assert {key: count for key, count in lines(notes).items() if count != 1} == {}
    await nothing_left(engine, run)


async def test_items_that_fail_leave_the_others_right_and_retry_does_only_them(
    engine: Engine, worker: object, notes: Path
) -> None:
    run = await engine.submit(FAN, Trial(notes=str(notes), items=4, bad_items=1), subject=subject())
    ended = await engine.ended(run.identifier)
    assert (ended.status, ended.errors) == (RunStatus.COMPLETED_WITH_ERRORS, 1)
    await engine.left_nothing(run)
    live = await engine.live(run.subject)
    assert (live["status"], live["errors"]) == ("completed", "1")  # what pollers of old stop on
    items = await engine.items(run, "DOUBLE")
    assert [item.status for item in items] == ["failed", "completed", "completed", "completed"]
    assert [item.status for item in await engine.items(run, "LABEL")] == ["skipped", *["completed"] * 3]
    await engine.run_service.retry(run.identifier)
    assert (await engine.ended(run.identifier)).attempt == 2
    assert lines(notes)["double 1"] == 1
    assert lines(notes)["double 0"] == 2


async def test_too_many_failed_items_fail_the_stage(engine: Engine, worker: object, notes: Path) -> None:
    run = await engine.submit(FAN, Trial(notes=str(notes), items=4, bad_items=3), subject=subject())
    ended = await engine.ended(run.identifier)
    assert (ended.status, ended.error_stage) == (RunStatus.FAILED, "DOUBLE")
    assert ended.error is not None
    assert ended.error["code"] == "stage.items_failed"


async def test_a_row_whose_process_dies_is_done_again_and_those_beside_it_are_not_stopped_for_it(
    engine: Engine, worker: object, notes: Path
) -> None:
    run = await engine.submit(FAN, Trial(notes=str(notes), items=6, crash_first=1, sleep=0.3), subject=subject())
    assert (await engine.ended(run.identifier, timeout=90)).status == RunStatus.COMPLETED
    labels = [item.output for item in await engine.items(run, "LABEL")]
    assert labels == [{"label": f"{n} is {2 * n}"} for n in range(6)]
    assert {line: times for line, times in lines(notes).items() if times != 1} == {"double 0": 2}
    tries = [(one.number, one.status, one.error_code) for one in await engine.tries(run) if one.stage == "DOUBLE"]
    assert tries == [(1, "failed", "stage.crashed"), (2, "completed", None)]


async def test_a_skipped_fan_out_leaves_its_successor_alone_with_the_items(
    engine: Engine, worker: object, notes: Path
) -> None:
    run = await engine.submit(FAN, Trial(notes=str(notes), items=2, skip=True), subject=subject())
    assert (await engine.ended(run.identifier)).status == RunStatus.COMPLETED
    stages = await engine.stages(run)
    assert stages["DOUBLE"].status == "skipped"
    assert stages["LABEL"].output == {"items": [{"label": "0 is alone"}, {"label": "1 is alone"}], "failed": []}


async def test_a_fan_out_over_nothing_completes(engine: Engine, worker: object, notes: Path) -> None:
    run = await engine.submit(FAN, Trial(notes=str(notes), items=0), subject=subject())
    assert (await engine.ended(run.identifier)).status == RunStatus.COMPLETED


async def test_a_chain_that_is_at_work_is_cancelled(engine: Engine, worker: object, notes: Path) -> None:
    run = await engine.submit(FAN, Trial(notes=str(notes), items=8, sleep=600), subject=subject())
    await engine.until(lambda: any(line.startswith("child") for line in lines(notes)))
    await engine.run_service.cancel(run.identifier)
    assert (await engine.ended(run.identifier)).status == RunStatus.CANCELLED
    assert not any(is_alive(int(line.split()[1])) for line in lines(notes) if line.startswith("child"))
    await nothing_left(engine, run)
