"""How runs scale with nodes: sleeping stages that hold a place for clips, on 1, 2 and 4 nodes of one machine.

    python -m benchmarks.cluster [--nodes 1 2 4] [--runs 16] [--seconds 10]

Each node offers two places, so perfect is runs x seconds / (2 x nodes). A round before warms every node's processes up.
The head has no CPUs; one worker takes runs for all nodes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import time
from collections import Counter
from pathlib import Path

import ray

from benchmarks.own_home import own_home
from moments_ray import runtime
from moments_ray.engine import Context, Pipeline, Resources, Value, stage
from moments_ray.engine.environment import Environment
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.actor import start_worker
from moments_ray.engine.runs.service import RunOrder
from moments_ray.settings import Settings
from moments_ray.states import RunStatus
from moments_ray.testing.nodes import one_more_node

_PLACES = 2
_OFFER = {"clip_extraction": float(_PLACES), "audio_extraction": 2.0}


class Nap(Value):
    """How long to hold a place, and where to note it."""

    seconds: float
    notes: str
    number: int


class Napped(Value):
    """On which node."""

    node: str


@stage("NAP", resources=Resources(cpus=0.5, custom={"clip_extraction": 1}), timeout=600)
async def nap(ctx: Context, wanted: Nap) -> Napped:  # noqa: ARG001 - the parameter is the contract's
    """Sleep, and note where, from when to when."""
    node, began = ray.get_runtime_context().get_node_id(), time.time()
    await asyncio.sleep(wanted.seconds)
    note = json.dumps({"node": node, "began": began, "ended": time.time()})
    Path(wanted.notes, f"{wanted.number}.json").write_text(note, "utf-8")
    return Napped(node=node)


NAP = Pipeline("bench-nap", nap, takes=Nap, gives=Napped)


async def round_of(
    environment: Environment, runs: int, seconds: float, notes: Path
) -> tuple[float, list[dict[str, float]]]:
    """Hand runs in, wait for their ends, and return how long that took with what they noted."""
    notes.mkdir()
    service = runtime.run_service(environment)
    began = time.monotonic()
    orders = [
        service.start(NAP, Nap(seconds=seconds, notes=str(notes), number=number), RunOrder()) for number in range(runs)
    ]
    identifiers = [(await order).run.identifier for order in orders]
    for identifier in identifiers:
        while True:
            async with environment.database.read() as session:
                run = await Runs(session).get(identifier)
            if RunStatus(run.status).finished:
                break
            await asyncio.sleep(0.1)
        assert run.status == RunStatus.COMPLETED, run.error  # noqa: S101 - else there is nothing to measure
    taken = time.monotonic() - began
    return taken, [json.loads(file.read_text("utf-8")) for file in notes.iterdir()]


def at_once(noted: list[dict[str, float]]) -> int:
    """Return how many naps there were at the same time at most."""
    changes = sorted([(each["began"], 1) for each in noted] + [(each["ended"], -1) for each in noted])
    most = now = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most


async def measure(settings: Settings, nodes: int, runs: int, seconds: float) -> float:
    """Measure with so many nodes, print, and return the share of perfect."""
    async with runtime.services(settings) as resolved:
        ray.init(
            address="local",
            namespace="moments",
            num_cpus=0,
            include_dashboard=False,
            log_to_driver=False,
            _node_ip_address="127.0.0.1",
        )
        environment = runtime.connect(resolved)
        with contextlib.ExitStack() as stack:
            stack.callback(ray.shutdown)
            for _ in range(nodes):
                stack.enter_context(one_more_node(_OFFER, cpus=8))
            worker = start_worker(
                runtime.connect, resolved, runtime.open_redis, name="bench", detached=False, for_cluster=True
            )
            await worker.start.remote()
            await round_of(environment, _PLACES * nodes, 3.0, settings.home / "warm")
            taken, noted = await round_of(environment, runs, seconds, settings.home / "notes")
            await worker.drain.remote()
            await environment.close()
    perfect = runs * seconds / (_PLACES * nodes)
    by_node = Counter(str(each["node"])[:6] for each in noted)
    of_one = max(at_once([each for each in noted if str(each["node"])[:6] == node]) for node in by_node)
    print(
        f"{nodes} nodes: {taken:.1f} s, perfect {perfect:.1f}, {perfect / taken:.2f} of it; at once {at_once(noted)}, "
        f"on one node {of_one}; runs by node {sorted(by_node.values())}; load {os.getloadavg()[0]:.1f}"
    )
    return perfect / taken


def main() -> None:
    """Parse the options, and measure each number of nodes in a home of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--runs", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    for nodes in options.nodes:
        with own_home(pipelines=("benchmarks.cluster",)) as settings:
            asyncio.run(measure(settings, nodes, options.runs, options.seconds))


if __name__ == "__main__":
    main()
