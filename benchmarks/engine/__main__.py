"""What the engine costs and keeps, beside its peers on the same PostgreSQL and Redis, in one run.

    python -m benchmarks.engine [speed] [losses] [rest] [--runs 100] [--at-once 8] [--rounds 3] [--by-process]

``speed``: no-op runs of eight stages by the engine, as bare Ray tasks, as a Celery chain, as a DBOS workflow and as
procrastinate jobs, in rounds. ``losses``: what is lost or done twice when a process is killed or Redis dies; systems
that miss heartbeats act after 15 s. ``rest``: CPU and memory of an idle ``moments up``. Unnamed,
all three. At the end it looks for anything left behind.
"""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Collection
from pathlib import Path

from sqlalchemy import text

from benchmarks.engine import losses, rest, speed
from benchmarks.engine.peers import Peers
from benchmarks.own_home import own_home
from benchmarks.processes import children
from moments_ray import runtime
from moments_ray.settings import Settings, WorkerSettings

PARTS = ("speed", "losses", "rest")
_NICENESS = "RAY_worker_niceness"  # Ray reads it in these letters


async def measure(settings: Settings, parts: Collection[str], count: int, at_once: int, rounds: int) -> None:
    """Measure speed and losses in turn, and print."""
    async with runtime.services(settings) as resolved:
        assert resolved.database_url is not None  # noqa: S101 - services() fills them in
        assert resolved.redis_url is not None  # noqa: S101
        notes = settings.home / "notes"
        peers = Peers(resolved.database_url.get_secret_value(), resolved.redis_url.get_secret_value(), notes)
        await peers.make_databases()
        if "speed" in parts:
            print(f"{count} runs of 8 no-op stages, {at_once} at once, on {os.cpu_count()} cores")
            await speed.report([speed.measure(resolved, peers, count, at_once) for _ in range(rounds)], count)
            print("left behind: " + (", ".join(await leftovers(resolved)) or "nothing"), flush=True)
        if "losses" in parts:
            await losses.observe(resolved, peers, notes)


async def leftovers(settings: Settings) -> list[str]:
    """Return what should be gone after all runs."""
    client, environment = runtime.open_redis(settings), runtime.connect(settings)
    keys = [key.decode() async for key in client.scan_iter("pipeline:*")]
    found = [key for key in keys if key.endswith((":lock", ":cancel"))]
    for stream in (key for key in keys if key.startswith("pipeline:requests")):
        pending = await client.xpending(stream, "pipeline_workers")
        if pending["pending"] or await client.xlen(stream):
            found.append(stream)
    async with environment.database.read() as session:
        active = await session.scalar(text("SELECT count(*) FROM runs WHERE status IN ('queued', 'processing')"))
    await environment.close()
    await client.aclose()
    found += [f"{active} active rows"] if active else []
    found += [str(path) for path in settings.scratch.iterdir()] if settings.scratch.is_dir() else []
    return found


def main() -> None:
    """Parse the options, measure in homes of its own, and look for processes left behind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3, help="of speed, in which the systems take turns")
    parser.add_argument("--by-process", action="store_true", help="show the idle server's processes one by one")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"there is no part {sorted(unknown)}")
    worker = WorkerSettings(runs_at_once=options.at_once, lease_seconds=15, heartbeat_seconds=2, sweep_seconds=5)
    os.environ[_NICENESS] = "0"  # Ray's own is 15: beside anything else, peers would be served first
    if {"speed", "losses"} & set(options.parts):
        with own_home(pipelines=("benchmarks.engine.nothing",), worker=worker) as settings:
            asyncio.run(measure(settings, options.parts, options.runs, options.at_once, options.rounds))
    del os.environ[_NICENESS]
    if "rest" in options.parts:
        with own_home() as settings:
            rest.observe(Path(settings.home), by_process=options.by_process)
    print("processes left: " + ("; ".join(children()) or "none"))


if __name__ == "__main__":
    main()
