"""Nodes that come and go beneath a run: what an autoscaler is told, and what the loss of one costs."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import ray
from ray._private.node import Node
from ray._private.parameter import RayParams
from ray._private.ray_constants import AUTOSCALER_RESOURCE_REQUEST_CHANNEL
from ray.autoscaler.v2.sdk import get_cluster_status
from ray.experimental.internal_kv import _internal_kv_get

from moments_ray import runtime
from moments_ray.engine.runs.actor import start_worker
from moments_ray.states import RunStatus
from tests.ray.conftest import Engine, StartWorker
from tests.ray.trial_pipelines import HEARING, TRIAL, UNFIT, Trial

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
    with _node(_TELESCOPE):
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
    with _node(_TELESCOPE):
        await engine.until(lambda: notes.exists() and "observe" in notes.read_text(), timeout=_APPEARS_SECONDS)
    with _node(_TELESCOPE):
        ended = await engine.ended(run.identifier)
    assert ended.status == RunStatus.COMPLETED, ended.error
    tries = [(each.number, each.status, each.error_code) for each in await engine.tries(run)]
    assert tries == [(1, "failed", "stage.node_lost"), (2, "completed", None)]


async def test_a_stage_that_can_use_a_gpu_asks_for_its_share_where_a_node_offers_one_and_its_process_is_used_again(
    engine: Engine, start: StartWorker, notes: Path
) -> None:
    async def heard() -> list[str]:
        """Return the share, the GPU and the process of each hearing so far."""
        run = await engine.submit(HEARING, Trial(notes=str(notes)), subject=str(uuid.uuid4()))
        ended = await engine.ended(run.identifier)
        assert ended.status == RunStatus.COMPLETED, ended.error
        return [line.removeprefix("hearken ") for line in notes.read_text().splitlines()]

    await start("listener")
    assert (await heard())[0].startswith("0 no ")
    with _node({"telescope": 1.0}, gpus=1):
        async with asyncio.timeout(_APPEARS_SECONDS):
            while not (lines := await heard())[-1].startswith("0.25 0 "):  # nodes are known for some seconds
                await asyncio.sleep(0.5)
        for _ in range(3):
            lines = await heard()
        assert len(set(lines[-4:])) < 4  # a process is used again, and what it has loaded is there


async def test_runs_that_wait_beyond_all_places_ask_for_whole_nodes_and_one_that_comes_takes_its_share(
    engine: Engine, notes: Path
) -> None:
    async with _broad_worker(engine, notes) as (actor, places):
        (here,) = (node.resources["CPU"] for node in runtime.nodes())
        await _until(lambda: _requested() == [here, here, here])
        assert len(await actor.executing.remote()) == places
        assert not await asyncio.to_thread(_demanded, "CPU", here)  # a task would be given the node, and nobody else
        await runtime.warm_up()  # a stream of Ray Data's own asks, and for nothing
        assert _requested() == [here, here, here]
        with _node({}, cpus=4):
            async with asyncio.timeout(_APPEARS_SECONDS):
                while len(await actor.executing.remote()) < 2 * places:
                    await asyncio.sleep(0.2)
            await _until(lambda: sorted(_requested()) == [4, 4, here])


async def test_what_a_killed_worker_asked_for_lapses_and_the_next_asks_again(engine: Engine, notes: Path) -> None:
    async with _broad_worker(engine, notes) as (actor, _):
        await _until(lambda: _requested() != [])
        ray.kill(actor, no_restart=False)  # and nobody tells the new process to begin
        await _until(lambda: _requested() == [])
        await actor.start.remote()
        await _until(lambda: _requested() != [])


@asynccontextmanager
async def _broad_worker(engine: Engine, notes: Path) -> AsyncIterator[tuple[Any, int]]:
    """Have a worker for the whole cluster, its places on one node, and three times as many runs; none of them after."""
    await _until(lambda: len(runtime.nodes()) == 1)  # one of the test before counts as living for a while
    settings = engine.settings
    actor = start_worker(runtime.connect, settings, runtime.open_redis, name="broad", detached=False, for_cluster=True)
    places = settings.worker.runs_at_once
    runs = [
        await engine.submit(TRIAL, Trial(notes=str(notes), sleep=3600), subject=str(uuid.uuid4()))
        for _ in range(3 * places)
    ]
    try:
        await actor.start.remote()
        yield actor, places
        for run in runs:
            await engine.run_service.cancel(run.identifier)
        for run in runs:
            await engine.ended(run.identifier)
        await _until(lambda: _requested() == [])
    finally:
        await actor.drain.remote()
        ray.kill(actor)


async def test_a_node_is_idle_for_an_autoscaler_once_its_stages_are_done(
    engine: Engine, worker: object, notes: Path
) -> None:
    with _node(_TELESCOPE) as node:
        run = await engine.submit(UNFIT, Trial(notes=str(notes)), subject=str(uuid.uuid4()))
        assert (await engine.ended(run.identifier)).status == RunStatus.COMPLETED
        async with asyncio.timeout(_APPEARS_SECONDS):
            while not await asyncio.to_thread(_idle, node):
                await asyncio.sleep(0.5)


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(_APPEARS_SECONDS):
        while not await asyncio.to_thread(holds):
            await asyncio.sleep(0.2)


def _requested() -> list[float]:
    """Return the CPUs of each node that Ray's autoscaler is asked to have in all."""
    said = _internal_kv_get(AUTOSCALER_RESOURCE_REQUEST_CHANNEL)
    return [bundle["CPU"] for bundle in json.loads(said or "[]")]


def _idle(node: str) -> bool:
    """Tell whether Ray's autoscaler may take a node away."""
    status = get_cluster_status(ray.get_runtime_context().gcs_address)
    return node in {each.node_id for each in status.idle_nodes}


def _demanded(resource: str, amount: float = 0.0) -> bool:
    """Tell whether Ray's autoscaler sees somebody who waits for so much of a resource, or more."""
    status = get_cluster_status(ray.get_runtime_context().gcs_address)
    return any(
        bundle.bundle.get(resource, -1.0) >= amount
        for demand in status.resource_demands.ray_task_actor_demand
        for bundle in demand.bundles_by_count
    )


@contextmanager
def _node(resources: dict[str, float], *, cpus: int = 1, gpus: int = 0) -> Iterator[str]:
    """Have one more node on this machine in the cluster, give its identifier, and kill it at once at the end.

    The cluster counts it as living for some ten seconds more.
    """
    params = RayParams(
        gcs_address=ray.get_runtime_context().gcs_address,
        node_ip_address="127.0.0.1",
        node_manager_port=0,
        min_worker_port=0,
        max_worker_port=0,
        num_cpus=cpus,
        num_gpus=gpus,
        resources=resources,
        object_store_memory=100_000_000,
    )
    node = Node(params, head=False, shutdown_at_exit=False, spawn_reaper=False)
    try:
        yield str(node.node_id)
    finally:
        node.kill_all_processes(check_alive=False, allow_graceful=False, wait=True)
