"""What a long queue costs, and what an ordinary run waits for beside it.

    python -m benchmarks.queue [--runs 10000] [--ordinary 10]

Hands in that many runs of low priority, one after another, and looks at the memory of a worker on the empty and on the
full queue, at Redis's, and at the time of a sweep. Then the worker, both places taken by runs of low priority that last
as long as the measurement, is given ordinary runs: how long does each wait for its claim?
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks.own_home import own_home
from benchmarks.own_ray import own_ray
from benchmarks.processes import children
from moments_ray import runtime
from moments_ray.engine import Context, Pipeline, Resources, Value, stage
from moments_ray.engine.environment import Environment
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.queries.sweeps import Sweeps
from moments_ray.engine.runs.actor import start_worker
from moments_ray.engine.runs.queue import Queue
from moments_ray.engine.runs.service import RunOrder
from moments_ray.engine.runs.sweeper import Sweeper
from moments_ray.settings import Settings, WorkerSettings
from moments_ray.states import RunStatus

_LOW, _ORDINARY = 1, 5
_SETTLE_SECONDS = 20.0  # more than one sweep
_MANY_SECONDS = 3600.0


class Sleep(Value):
    """The request: how long the one stage lasts."""

    seconds: float


class Slept(Value):
    """What it gives: nothing."""


@stage("SLEEP", resources=Resources(cpus=0.1), timeout=2 * _MANY_SECONDS)
async def sleep(ctx: Context, request: Sleep) -> Slept:  # noqa: ARG001 - it only sleeps
    """Sleep."""
    await asyncio.sleep(request.seconds)
    return Slept()


SLEEP = Pipeline("sleep", sleep, takes=Sleep)


def resident_mib(pid: int) -> float:
    """Return the memory that a process holds."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


async def hand_in(environment: Environment, count: int) -> list[float]:
    """Submit runs of low priority; return the milliseconds of each."""
    run_service = runtime.run_service(environment)
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        await run_service.start(SLEEP, Sleep(seconds=_MANY_SECONDS), RunOrder(priority=_LOW))
        taken.append((time.perf_counter() - began) * 1000)
    return taken


async def ordinary_waits(environment: Environment, count: int) -> list[float]:
    """Submit ordinary runs one by one; return the seconds that each waited for its claim."""
    run_service = runtime.run_service(environment)
    waits = []
    for _ in range(count):
        run = (await run_service.start(SLEEP, Sleep(seconds=0), RunOrder(priority=_ORDINARY))).run
        while True:
            await asyncio.sleep(0.1)
            async with environment.database.read() as session:
                standing = await Runs(session).get(run.identifier)
            if RunStatus(standing.status).finished:
                break
        assert standing.started_at is not None  # noqa: S101 - it is finished
        waits.append((standing.started_at - standing.queued_at).total_seconds())
    return waits


async def measure(settings: Settings, count: int, ordinary: int) -> None:
    """Measure in turn and print."""
    async with runtime.services(settings) as resolved:
        environment, client = runtime.connect(resolved), runtime.open_redis(resolved)
        with own_ray(resolved):
            worker = start_worker(runtime.connect, resolved, runtime.open_redis, name="bench", detached=False)
            pid = await worker.__ray_call__.remote(_pid)
            await worker.start.remote()
            await asyncio.sleep(_SETTLE_SECONDS)
            empty, empty_redis = resident_mib(pid), (await client.info("memory"))["used_memory"]
            milliseconds = await hand_in(environment, count)
            await asyncio.sleep(_SETTLE_SECONDS)
            full, full_redis = resident_mib(pid), (await client.info("memory"))["used_memory"]
            began = time.perf_counter()
            sweeper = Sweeper(resolved, environment.database, Queue(client))
            await sweeper.measure()
            measured = time.perf_counter() - began
            waits = await ordinary_waits(environment, ordinary)
            depths = await _depths(environment)
            await worker.drain.remote()
        await client.aclose()
        await environment.close()
    places = resolved.worker.runs_at_once
    print(f"{count} queued runs of priority {_LOW}, one worker of {places} places, {os.cpu_count()} cores")
    print(f"handing a run in: median {statistics.median(milliseconds):.1f} ms, 95 % under {_p95(milliseconds):.1f} ms")
    print(f"memory of the worker: {empty:.0f} MiB on an empty queue, {full:.0f} MiB on the full one")
    print(f"memory of Redis: {empty_redis / 2**20:.1f} MiB before, {full_redis / 2**20:.1f} MiB after")
    print(f"measuring the queue: {measured * 1000:.1f} ms")
    print(f"still queued: {depths}")
    print(f"{ordinary} ordinary runs: claimed after {statistics.median(waits):.2f} s, at most {max(waits):.2f} s")


def _pid(_: Any) -> int:
    return os.getpid()


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


async def _depths(environment: Environment) -> dict[int, int]:
    async with environment.database.read() as session:
        return (await Sweeps(session).queue_depths())[0]


def main() -> None:
    """Parse the options, measure in a home of its own, and look for processes left behind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--ordinary", type=int, default=10)
    options = parser.parse_args()
    with own_home(pipelines=("benchmarks.queue",), worker=WorkerSettings(drain_seconds=0.0)) as settings:
        asyncio.run(measure(settings, options.runs, options.ordinary))
        print("processes left: " + ("; ".join(children()) or "none"))


if __name__ == "__main__":
    main()
