"""How fast no-op runs of eight stages go: the engine, the same functions as bare Ray tasks, and the peers."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import ray

from benchmarks.engine.nothing import APART, STAGES, TOGETHER, Nothing
from benchmarks.engine.peers import Peers
from benchmarks.own_ray import own_ray
from moments_ray import runtime
from moments_ray.engine import Pipeline
from moments_ray.engine.environment import Environment
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.queries.sweeps import Sweeps
from moments_ray.engine.runs.actor import start_worker
from moments_ray.settings import Settings
from moments_ray.states import RunStatus


@dataclass(frozen=True)
class Speed:
    """What one system came to: ``seconds`` of each run, and of all together."""

    system: str
    wall: float
    seconds: list[float]

    @property
    def stage_milliseconds(self) -> float:
        """The median run's, a stage."""
        return statistics.median(self.seconds) / STAGES * 1000


@ray.remote(num_cpus=0.1, max_retries=0)
def bare() -> None:
    """Do nothing, as a plain Ray task."""


async def measure(settings: Settings, peers: Peers, count: int, at_once: int) -> AsyncIterator[Speed]:
    """Measure one system after another on the same servers."""
    with own_ray(settings):
        environment = runtime.connect(settings)
        worker = start_worker(runtime.connect, settings, runtime.open_redis, name="bench", detached=False)
        await worker.start.remote()
        await _engine(environment, APART, 2 * at_once)  # processes warm
        await _bare(2 * at_once, at_once)
        found = [
            Speed("moments_ray", *await _engine(environment, TOGETHER, count)),
            Speed("moments_ray, a task a stage", *await _engine(environment, APART, count)),
            Speed("bare Ray tasks", *await _bare(count, at_once)),
        ]
        await worker.drain.remote()
        await environment.close()
    for each in found:
        yield each
    for name in peers.names:
        answer = await asyncio.to_thread(peers.speed, name, count, at_once)
        yield Speed(name, answer["wall"], answer["seconds"])


async def report(rounds: Sequence[AsyncIterator[Speed]], count: int) -> None:
    """Print a line as soon as it is known; the first system is ours. Then the medians of all rounds.

    The systems take turns in each round, so that none finds a quieter machine than the others.
    """
    found: dict[str, list[tuple[Speed, float]]] = {}
    print(f"{'':28}{'runs/s':>8}{'ms/stage (median)':>20}{'ours is':>10}")
    for number, round_ in enumerate(rounds, start=1):
        print(f"round {number}")
        ours: Speed | None = None
        async for each in round_:
            ours = ours or each
            ratio = ours.stage_milliseconds / each.stage_milliseconds
            found.setdefault(each.system, []).append((each, ratio))
            _print_line(each.system, count / each.wall, each.stage_milliseconds, ratio)
    print("medians")
    for system, measured in found.items():
        _print_line(
            system,
            statistics.median(count / each.wall for each, _ in measured),
            statistics.median(each.stage_milliseconds for each, _ in measured),
            statistics.median(ratio for _, ratio in measured),
        )


def _print_line(system: str, rate: float, milliseconds: float, ratio: float) -> None:
    print(f"{system:28}{rate:8.1f}{milliseconds:20.1f}{ratio:9.1f}x", flush=True)


async def _engine(environment: Environment, pipeline: Pipeline, count: int) -> tuple[float, list[float]]:
    """Submit so many runs at once; return the wall seconds and each run's from claim to verdict."""
    run_service = runtime.run_service(environment)
    began = time.perf_counter()
    runs = [(await run_service.start(pipeline, Nothing())).run for _ in range(count)]
    waiting = {run.identifier for run in runs}
    while waiting:
        await asyncio.sleep(0.2)
        async with environment.database.read() as session:
            waiting = await Sweeps(session).active_identifiers(waiting)
    wall = time.perf_counter() - began
    async with environment.database.read() as session:
        ended = [await Runs(session).get(run.identifier) for run in runs]
    failed = [run for run in ended if run.status != RunStatus.COMPLETED]
    if failed:
        raise SystemExit(f"{len(failed)} of {count} runs failed: {failed[0].error}")
    return wall, [(r.completed_at - r.started_at).total_seconds() for r in ended if r.completed_at and r.started_at]


async def _bare(count: int, at_once: int) -> tuple[float, list[float]]:
    """Eight tasks one after another, ``at_once`` such sequences side by side."""
    slots = asyncio.Semaphore(at_once)
    seconds: list[float] = []

    async def one() -> None:
        async with slots:
            began = time.perf_counter()
            for _ in range(STAGES):
                await bare.remote()
            seconds.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(count)))
    return time.perf_counter() - began, seconds
