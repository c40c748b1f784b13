"""What is lost of jobs, and what is begun twice, when a worker is killed, or Redis with all that it had: observed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.job_systems import System
from benchmarks.striking import Strike, begun_twice, noted, redis_dies
from moments_ray import runtime
from moments_ray.settings import Settings

_JOBS = 60
_JOB_SECONDS = 0.5
_STRIKE_AFTER = 20  # jobs that began
_KILLED_SECONDS = 80.0  # how long it is watched after that: RQ takes a worker for dead after 61
_EMPTIED_SECONDS = 40.0


async def observe(systems: Sequence[System], settings: Settings, notes: Path) -> None:
    """Strike each system in the middle of its jobs and print what came of them."""
    watched = f"watched {_KILLED_SECONDS:g} and {_EMPTIED_SECONDS:g} s"
    print(f"\n{_JOBS} jobs of {_JOB_SECONDS} s; struck when {_STRIKE_AFTER} have begun, {watched}")
    print(f"{'':16}{'struck by':28}{'done':>10}{'begun twice':>13}{'seconds after':>15}")
    client = runtime.open_redis(settings)
    for system in systems:
        for what, strike, seconds in (
            ("kill -9 of the worker", system.kill, _KILLED_SECONDS),
            ("Redis killed and empty", redis_dies(client, _EMPTIED_SECONDS), _EMPTIED_SECONDS),
        ):
            notes.unlink(missing_ok=True)
            await system.create(_JOBS, _JOB_SECONDS)
            await system.serve()
            await _struck(system, what, strike, notes, seconds)
            await system.stop()
            await system.forget()
            await client.flushall()
    await client.aclose()


async def _struck(system: System, what: str, strike: Strike, notes: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while len(noted(notes)) < _STRIKE_AFTER:
        if time.monotonic() > deadline:
            raise SystemExit(f"{system.name} did not begin {_STRIKE_AFTER} jobs within {seconds:g} s")
        await asyncio.sleep(0.02)
    await strike()
    struck = time.monotonic()
    while (done := (await system.completed()).count) < _JOBS:
        if time.monotonic() > struck + seconds:
            break
        await asyncio.sleep(0.2)
    after = f"{time.monotonic() - struck:.1f}" if done == _JOBS else "never"
    twice = begun_twice(notes)
    print(f"{system.name:16}{what:28}{f'{done} of {_JOBS}':>10}{twice:13}{after:>15}", flush=True)
