"""A chain of fan-outs in one process: the rows that Ray Data would stream, worked on one after another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from moments_ray import runtime
from moments_ray.engine.environment import Environment
from moments_ray.engine.execute.chain import _begin, _finish
from moments_ray.engine.execute.claimed_run import ClaimedRun
from moments_ray.engine.execute.item import work_items
from moments_ray.engine.execute.stage import execute_stage
from moments_ray.engine.queries.claims import Claim, Claims, claim_of
from moments_ray.engine.runs.live_status import LiveStatus
from moments_ray.engine.runs.service import RunService
from moments_ray.settings import Settings
from tests.ray.trial_pipelines import FAN, Trial
from tests.runs import submit


@pytest.fixture
async def environment(toy_settings: Settings) -> AsyncIterator[Environment]:
    settings = toy_settings.model_copy(update={"pipelines": ("tests.ray.trial_pipelines",)})
    client = runtime.open_redis(settings)
    environment = replace(runtime.connect(settings), status_publisher=LiveStatus(client))
    yield environment
    await environment.close()
    await client.aclose()


async def claimed(environment: Environment, trial: Trial) -> Claim:
    client = runtime.open_redis(environment.settings)
    run = await submit(RunService(environment, client), FAN, trial)
    await client.aclose()
    async with environment.database.begin() as session:
        mine = await Claims(session).claim(run.identifier, "worker-a", 60.0)
    assert mine is not None
    await execute_stage(await ClaimedRun.load(environment, claim_of(mine)), "FIRST")
    return claim_of(mine)


async def test_the_item_that_fills_the_progress_completes_its_stage(environment: Environment, tmp_path: Path) -> None:
    claim = await claimed(environment, Trial(notes=str(tmp_path / "notes"), items=5))
    steps, rows = await _begin(environment, claim, "DOUBLE")
    for step in steps:
        for number, row in enumerate(rows, start=1):
            run = await ClaimedRun.load(environment, claim)
            assert not run.done(step.name)
            await work_items(environment, claim, step.name, row["keys"], row["of"])
            assert (await ClaimedRun.load(environment, claim)).done(step.name) == (number == len(rows))
    await _finish(environment, claim, "DOUBLE", {})
    stages = (await ClaimedRun.load(environment, claim)).stages
    assert stages["LABEL"].output == {"items": [{"label": f"{n} is {2 * n}"} for n in range(5)], "failed": []}


async def test_items_that_fail_are_told_with_the_stage_and_their_next_step_is_skipped(
    environment: Environment, tmp_path: Path
) -> None:
    claim = await claimed(environment, Trial(notes=str(tmp_path / "notes"), items=4, bad_items=1))
    steps, rows = await _begin(environment, claim, "DOUBLE")
    for step in steps:
        for row in rows:
            await work_items(environment, claim, step.name, row["keys"], row["of"])
    stages = (await ClaimedRun.load(environment, claim)).stages
    doubled, labelled = stages["DOUBLE"].output, stages["LABEL"].output
    assert doubled is not None
    assert [failed["key"] for failed in doubled["failed"]] == ["n0"]
    assert labelled is not None
    assert len(labelled["items"]) == 3
