"""What the engine itself costs: no-op runs of eight stages, a second, and what a stage adds.

    python -m benchmarks.engine [--runs 200] [--at-once 8]

The named peer is the same eight functions as bare Ray tasks, awaited one after another: what is above that is the
journal (two transactions a stage), the queue, the lease and the live board. Both are measured in one process, in turn.
At the end it looks for anything left behind: Redis keys, active rows, scratch, processes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import time
from pathlib import Path

import ray
from sqlalchemy import text

from benchmarks.own_home import own_home
from moments_ray import runtime
from moments_ray.engine import Context, Pipeline, Resources, Value, stage
from moments_ray.engine.environment import Environment
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.actor import start_worker
from moments_ray.settings import Settings, WorkerSettings
from moments_ray.states import RunStatus

STAGES = 8


class Nothing(Value):
    """The request."""


def _stage(number: int, takes: type[Value]) -> tuple[type[Value], object]:
    gives = type(f"Nothing{number}", (Value,), {"__module__": __name__})

    async def do_nothing(ctx: Context, before: Value) -> Value:  # noqa: ARG001 - it does nothing
        nothing: Value = gives()
        return nothing

    do_nothing.__annotations__ = {"ctx": Context, "before": takes, "return": gives}
    return gives, stage(f"NOTHING_{number}", resources=Resources(cpus=0.5))(do_nothing)


def _declare() -> Pipeline:
    takes: type[Value] = Nothing
    steps = []
    for number in range(1, STAGES + 1):
        takes, step = _stage(number, takes)
        steps.append(step)
    return Pipeline("nothing", *steps, takes=Nothing)  # type: ignore[arg-type]  # made in a loop


NOTHING = _declare()


@ray.remote(num_cpus=0.5, max_retries=0)
def bare() -> None:
    """Do nothing, as a plain Ray task."""


async def engine_runs(environment: Environment, count: int) -> tuple[float, list[float]]:
    """Submit ``count`` runs at once; return the wall seconds and each run's seconds from claim to verdict."""
    desk = runtime.desk(environment)
    began = time.perf_counter()
    runs = [await desk.submit(NOTHING, Nothing(), subject=f"bench-{began}-{n}") for n in range(count)]
    waiting = {run.identifier for run in runs}
    while waiting:
        await asyncio.sleep(0.2)
        async with environment.database.read() as session:
            waiting = await Runs(session).active_identifiers(waiting)
    wall = time.perf_counter() - began
    async with environment.database.read() as session:
        ended = [await Runs(session).get(run.identifier) for run in runs]
    failed = [run for run in ended if run.status != RunStatus.COMPLETED]
    if failed:
        raise SystemExit(f"{len(failed)} of {count} runs failed: {failed[0].error}")
    return wall, [(r.completed_at - r.started_at).total_seconds() for r in ended if r.completed_at and r.started_at]


async def bare_runs(count: int, at_once: int) -> tuple[float, list[float]]:
    """The peer: eight tasks one after another, ``at_once`` such sequences side by side."""
    gate = asyncio.Semaphore(at_once)
    seconds: list[float] = []

    async def one() -> None:
        async with gate:
            began = time.perf_counter()
            for _ in range(STAGES):
                await bare.remote()
            seconds.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(count)))
    return time.perf_counter() - began, seconds


async def leftovers(environment: Environment) -> list[str]:
    """Return what should be gone after all runs."""
    client = runtime.open_redis(environment.settings)
    keys = [key.decode() async for key in client.scan_iter("pipeline:*")]
    found = [key for key in keys if key.endswith((":lock", ":cancel"))]
    for stream in (key for key in keys if key.startswith("pipeline:requests")):
        pending = await client.xpending(stream, "pipeline_workers")
        if pending["pending"] or await client.xlen(stream):
            found.append(stream)
    async with environment.database.read() as session:
        active = await session.scalar(text("SELECT count(*) FROM runs WHERE status IN ('queued', 'processing')"))
    scratch = environment.settings.scratch
    found += [f"{active} active rows"] if active else []
    found += [str(path) for path in scratch.iterdir()] if scratch.is_dir() else []
    await client.aclose()
    return found


async def measure(settings: Settings, count: int, at_once: int) -> None:
    """Measure in turn and print."""
    async with runtime.services(settings) as resolved:
        with runtime.cluster(resolved):
            environment = runtime.connect(resolved)
            worker = start_worker(runtime.connect, resolved, runtime.open_redis, name="bench", detached=False)
            await worker.start.remote()
            await engine_runs(environment, at_once)  # workers warm
            await bare_runs(at_once, at_once)
            wall, seconds = await engine_runs(environment, count)
            bare_wall, bare_seconds = await bare_runs(count, at_once)
            await worker.drain.remote()
            left = await leftovers(environment)
            await environment.database.close()
    stage_ms = statistics.median(seconds) / STAGES * 1000
    bare_ms = statistics.median(bare_seconds) / STAGES * 1000
    print(f"{count} runs of {STAGES} no-op stages, {at_once} at once, on {os.cpu_count()} cores")
    print(f"{'':24}{'runs/s':>8}{'ms/stage (median)':>20}{'ratio':>8}")
    print(f"{'moments_ray':24}{count / wall:8.1f}{stage_ms:20.1f}{stage_ms / bare_ms:8.1f}")
    print(f"{'bare Ray tasks':24}{count / bare_wall:8.1f}{bare_ms:20.1f}{1.0:8.1f}")
    print(f"overhead a stage: {stage_ms - bare_ms:.1f} ms")
    print("left behind: " + (", ".join(left) or "nothing"))


def children() -> list[str]:
    """Return the command lines of processes that this one started and that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            status, command = (path / "status").read_text(), (path / "cmdline").read_bytes()
        except OSError:
            continue
        if f"\nPPid:\t{os.getpid()}\n" in status and command:
            found.append(command.replace(b"\0", b" ").decode(errors="replace")[:120])
    return found


def main() -> None:
    """Parse the options, measure in a home of its own, and look for processes left behind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--at-once", type=int, default=8)
    options = parser.parse_args()
    worker = WorkerSettings(runs_at_once=options.at_once)
    with own_home(pipelines=("benchmarks.engine",), worker=worker) as settings:
        asyncio.run(measure(settings, options.runs, options.at_once))
        print("processes left: " + ("; ".join(children()) or "none"))


if __name__ == "__main__":
    main()
