"""How runs scale with nodes: stages that sleep in a place for clips, on 1, 2 and 4 nodes of one machine.

    python -m benchmarks.scale_out [--nodes 1 2 4] [--runs 16] [--seconds 10]

Each node offers two places, so perfect is runs x seconds / (2 x nodes). The nodes are of a real Ray whose head has no
CPU; one worker takes runs for all of them. A round before lets every node start its processes. Sleeping takes none of
the cores that the nodes share: what is measured is the engine. ``benchmarks.render_nodes`` has stages that compute.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import ray

from benchmarks.own_cluster import cluster_of, joined
from moments_ray import runtime
from moments_ray.engine import Context, Pipeline, Resources, Value, stage
from moments_ray.engine.environment import Environment
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.actor import start_worker
from moments_ray.settings import Settings
from moments_ray.states import RunStatus

_PLACES = 2
_NODE = {"num_cpus": 8, "resources": {"clip_extraction": _PLACES, "audio_extraction": _PLACES}}
_WARM_SECONDS = 3.0
_POLL_SECONDS = 0.1


class Nap(Value):
    """How long to hold a place, and where to note it."""

    seconds: float
    notes: str
    number: int


class Napped(Value):
    """On which node, and from when to when; seconds since 1970."""

    node: str
    began: float
    ended: float


class Round(NamedTuple):
    """The wall seconds of a round, and what its runs noted."""

    seconds: float
    naps: Sequence[Napped]


@stage("NAP", resources=Resources(cpus=0.5, custom={"clip_extraction": 1}), timeout=600)
async def nap(ctx: Context, wanted: Nap) -> Napped:  # noqa: ARG001 - a stage takes its context
    """Sleep, and note where and when."""
    node, began = ray.get_runtime_context().get_node_id(), time.time()
    await asyncio.sleep(wanted.seconds)
    napped = Napped(node=node, began=began, ended=time.time())
    Path(wanted.notes, f"{wanted.number}.json").write_text(napped.model_dump_json(), "utf-8")
    return napped


NAP = Pipeline("bench-nap", nap, takes=Nap, gives=Napped)


async def round_of(environment: Environment, runs: int, seconds: float, notes: Path) -> Round:
    """Hand runs in, wait for their ends, and read what they noted."""
    notes.mkdir()
    service = runtime.run_service(environment)
    began = time.monotonic()
    started = [
        await service.start(NAP, Nap(seconds=seconds, notes=str(notes), number=number)) for number in range(runs)
    ]
    for each in started:
        await _completed(environment, each.run.identifier)
    taken = time.monotonic() - began
    return Round(taken, [Napped(**json.loads(file.read_text("utf-8"))) for file in notes.iterdir()])


async def _completed(environment: Environment, identifier: str) -> None:
    while True:
        async with environment.database.read() as session:
            run = await Runs(session).get(identifier)
        if run.status == RunStatus.COMPLETED:
            return
        if RunStatus(run.status).finished:
            raise SystemExit(f"A run ended {run.status}: {run.error}")
        await asyncio.sleep(_POLL_SECONDS)


def at_once(naps: Sequence[Napped]) -> int:
    """Return how many of these naps there were at the same time at most."""
    changes = sorted([(each.began, 1) for each in naps] + [(each.ended, -1) for each in naps])
    most = now = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most


async def measure(address: str, nodes: int, runs: int, seconds: float) -> None:
    """Measure on a cluster of so many nodes, and print."""
    async with joined(address, pipelines=("benchmarks.scale_out",)) as settings:
        measured = await _measured(settings, nodes, runs, seconds)
    perfect = runs * seconds / (_PLACES * nodes)
    by_node = Counter(each.node for each in measured.naps)
    of_one = max(at_once([each for each in measured.naps if each.node == node]) for node in by_node)
    print(
        f"{nodes} nodes: {measured.seconds:.1f} s, perfect {perfect:.1f} s, {perfect / measured.seconds:.2f} of it; "
        f"at once {at_once(measured.naps)}, on one node {of_one}; runs by node {sorted(by_node.values())}",
        flush=True,
    )


async def _measured(settings: Settings, nodes: int, runs: int, seconds: float) -> Round:
    environment = runtime.connect(settings)
    worker = start_worker(runtime.connect, settings, runtime.open_redis, name="bench", detached=False, for_cluster=True)
    await worker.start.remote()
    await round_of(environment, _PLACES * nodes, _WARM_SECONDS, settings.home / "warm")
    measured = await round_of(environment, runs, seconds, settings.home / "notes")
    await worker.drain.remote()
    await environment.close()
    return measured


def main() -> None:
    """Parse the options, and measure each number of nodes on a cluster of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--runs", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    print(f"load before: {os.getloadavg()[0]:.1f}, of {os.cpu_count()} cores")
    for nodes in options.nodes:
        with cluster_of(nodes, _NODE) as address:
            asyncio.run(measure(address, nodes, options.runs, options.seconds))


if __name__ == "__main__":
    main()
