"""Nodes that come and go beneath a run: what an autoscaler is told, and what the loss of one costs."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path

import ray
from ray.autoscaler.v2.sdk import get_cluster_status

from moments_ray.states import RunStatus
from moments_ray.testing.nodes import one_more_node
from tests.ray.conftest import Engine, StartWorker
from tests.ray.trial_pipelines import UNFIT, Trial

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


def _demanded(resource: str) -> bool:
    """Tell whether Ray's autoscaler sees somebody who waits for a resource."""
    status = get_cluster_status(ray.get_runtime_context().gcs_address)
    return any(
        resource in bundle.bundle
        for demand in status.resource_demands.ray_task_actor_demand
        for bundle in demand.bundles_by_count
    )
