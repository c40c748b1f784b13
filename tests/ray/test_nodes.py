"""Nodes that come and go beneath a run: what an autoscaler is told, and what the loss of one costs."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path

import ray
from ray.autoscaler.v2.sdk import get_cluster_status

from moments_ray import runtime
from moments_ray.engine.runs.actor import start_worker
from moments_ray.states import RunStatus
from moments_ray.testing.nodes import one_more_node
from tests.ray.conftest import Engine, StartWorker
from tests.ray.trial_pipelines import TRIAL, UNFIT, Trial

_TELESCOPE = {"telescope": 1.0}
_APPEARS_SECONDS = 60.0


async def test_a_stage_that_no_node_can_run_is_demand_for_an_autoscaler_and_goes_on_when_a_node_comes(
    engine: Engine, start: StartWorker, notes: Path
) -> None:
    run = await engine.submit(UNFIT, Trial(notes=str(notes)), subject=str(uuid.uuid4()))
    await start("patient", capacity_wait_seconds=120)
    async with asyncio.timeout(_APPEARS_SECONDS):
        while not await asyncio.to_thread(_demanded, "telescope"):
            await asyncio.sleep(0.2)
    with one_more_node(_TELESCOPE):
        assert (await engine.ended(run.identifier)).status == RunStatus.COMPLETED
    async with asyncio.timeout(_APPEARS_SECONDS):
        while await asyncio.to_thread(_demanded, "telescope"):
            await asyncio.sleep(0.2)


async def test_a_node_that_is_lost_is_no_fault_of_the_stage_and_costs_it_no_try(
    engine: Engine, start: StartWorker, notes: Path
) -> None:
    trial = Trial(notes=str(notes), sleep=3600, slow_first=1)
    run = await engine.submit(UNFIT, trial, subject=str(uuid.uuid4()), tries=1)
    await start("bereft", capacity_wait_seconds=120)
    with one_more_node(_TELESCOPE):
        await engine.until(lambda: notes.exists() and "observe" in notes.read_text(), timeout=_APPEARS_SECONDS)
    with one_more_node(_TELESCOPE):
        ended = await engine.ended(run.identifier)
    assert ended.status == RunStatus.COMPLETED, ended.error
    tries = [(each.number, each.status, each.error_code) for each in await engine.tries(run)]
    assert tries == [(1, "failed", "stage.node_lost"), (2, "completed", None)]


async def test_runs_that_wait_beyond_all_places_are_demand_for_whole_nodes_and_one_that_comes_takes_its_share(
    engine: Engine, notes: Path
) -> None:
    settings = engine.settings
    actor = start_worker(runtime.connect, settings, runtime.open_redis, name="broad", detached=False, for_cluster=True)
    runs = [
        await engine.submit(TRIAL, Trial(notes=str(notes), sleep=3600), subject=str(uuid.uuid4())) for _ in range(6)
    ]
    await actor.start.remote()
    try:
        (here,) = runtime.nodes()
        async with asyncio.timeout(_APPEARS_SECONDS):
            while not await asyncio.to_thread(_demanded, "CPU", here.resources["CPU"]):
                await asyncio.sleep(0.2)
        assert len(await actor.executing.remote()) == settings.worker.runs_at_once
        with one_more_node({}, cpus=4):
            async with asyncio.timeout(_APPEARS_SECONDS):
                while len(await actor.executing.remote()) < 2 * settings.worker.runs_at_once:
                    await asyncio.sleep(0.2)
            for run in runs:
                await engine.run_service.cancel(run.identifier)
            for run in runs:
                await engine.ended(run.identifier)
        async with asyncio.timeout(_APPEARS_SECONDS):
            while await asyncio.to_thread(_demanded, "CPU", 4.0):
                await asyncio.sleep(0.2)
    finally:
        await actor.drain.remote()
        ray.kill(actor)


def _demanded(resource: str, amount: float = 0.0) -> bool:
    """Tell whether Ray's autoscaler sees somebody who waits for so much of a resource, or more."""
    status = get_cluster_status(ray.get_runtime_context().gcs_address)
    return any(
        bundle.bundle.get(resource, -1.0) >= amount
        for demand in status.resource_demands.ray_task_actor_demand
        for bundle in demand.bundles_by_count
    )
