"""What a job costs beside RQ, Celery, arq, taskiq and procrastinate, on the same PostgreSQL and Redis, in one run.

    python -m benchmarks.jobs [speed] [losses] [api] [--jobs 2000] [--rounds 3] [--at-once 8] [--sockets 200]
        [--beside RQ Celery arq taskiq procrastinate]

``speed``: jobs that do nothing, created by ``--at-once`` clients while nobody works, then worked on. Every system
commits a row when a job is created and another write when it is done: procrastinate in its own table, ours in its
journal, the others in a table beside their queue. The milliseconds of a core a job are those of all processes, with
PostgreSQL, Redis and Ray, from the first job that is seen done.
``losses``: what is lost, or begun twice, when a worker is killed, or Redis with all that it had.
``api``: what a client waits for a job to be created, and a socket for an event, through Serve.
Unnamed, all three.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
from collections.abc import Sequence
from pathlib import Path

from benchmarks import job_api, job_losses
from benchmarks.job_peers import PEERS, job_peers
from benchmarks.job_systems import Ours, Peer, System
from benchmarks.own_home import own_home
from benchmarks.own_ray import own_ray
from benchmarks.processes import children, cpu_seconds
from moments_ray import runtime
from moments_ray.settings import ApiSettings, DownloadSettings, Settings, WorkerSettings

PARTS = ("speed", "losses", "api")
_IDLE_SECONDS = 60.0


async def measure(settings: Settings, options: argparse.Namespace) -> None:
    """Measure the parts that were asked for."""
    async with runtime.services(settings) as resolved:
        assert resolved.database_url is not None  # noqa: S101 - services() fills them in
        assert resolved.redis_url is not None  # noqa: S101
        notes = Path(settings.home) / "notes"
        urls = {"database_url": resolved.database_url.get_secret_value()}
        peers = job_peers(redis_url=resolved.redis_url.get_secret_value(), notes=notes, **urls)
        await peers.make_databases()
        systems: list[System] = [Peer(name, peers, options.at_once) for name in options.beside]
        with own_ray(resolved):
            ours = Ours(resolved, notes)
            if "speed" in options.parts:
                await speed([ours, *systems], options, str(settings.home))
            if "losses" in options.parts:
                await job_losses.observe([ours, *systems], resolved, notes)
            if "api" in options.parts:
                await job_api.measure(resolved, options.sockets)


async def speed(systems: Sequence[System], options: argparse.Namespace, home: str) -> None:
    """Measure each in turn, round after round, and print the medians."""
    print(f"{options.jobs} jobs, {options.at_once} at once, median of {options.rounds}, {os.cpu_count()} cores")
    found: dict[str, list[tuple[float, float, float]]] = {system.name: [] for system in systems}
    for _ in range(options.rounds):
        for system in systems:
            found[system.name].append(await _round(system, options.jobs, home))
            print("  ", system.name, *(f"{value:.1f}" for value in found[system.name][-1]), flush=True)
    print(f"{'':16}{'creates/s':>12}{'jobs/s':>10}{'ms of a core a job':>22}")
    for name, rounds in found.items():
        created, done, used = (statistics.median(each[at] for each in rounds) for at in (0, 1, 2))
        print(f"{name:16}{created:12.0f}{done:10.0f}{used:22.1f}", flush=True)


async def _round(system: System, count: int, home: str) -> tuple[float, float, float]:
    """Return creates/s, jobs/s and milliseconds of a core a job of one round."""
    created = count / await system.create(count, 0.0)
    await system.serve()
    before, idle = -1, 0.0
    first: tuple[int, float] | None = None
    while (now := await system.completed()).count < count:
        idle = 0.0 if now.count > before else idle + 0.2
        if idle > _IDLE_SECONDS:
            raise SystemExit(f"{system.name} did {now.count} of {count} jobs, and then none for {_IDLE_SECONDS:g} s")
        before = now.count
        if before and first is None:
            first = before, cpu_seconds(home)
        await asyncio.sleep(0.2)
    used = (cpu_seconds(home) - first[1]) / (count - first[0]) if first is not None else 0.0
    await system.stop()
    await system.forget()
    return created, (count - 1) / now.seconds, 1000 * used


def main() -> None:
    """Parse the options, measure in a home of its own, and look for processes left behind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--sockets", type=int, default=200)
    parser.add_argument("--beside", nargs="*", default=list(PEERS), choices=list(PEERS), metavar="PEER")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"there is no part {sorted(unknown)}")
    # Ray's own is 15: beside anything else that goes on, peers would be served first.
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 - Ray names it so
    with own_home(
        pipelines=("benchmarks.job_nothing",),
        worker=WorkerSettings(runs_at_once=options.at_once, drain_seconds=1.0),
        api=ApiSettings(requests_per_minute=0),
        download=DownloadSettings(allow_private_addresses=True),
    ) as settings:
        asyncio.run(measure(settings, options))
    print("processes left: " + ("; ".join(children()) or "none"))


if __name__ == "__main__":
    main()
