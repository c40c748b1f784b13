"""What is lost, and what is done twice, when processes are killed in the middle or Redis dies: observed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Any

import redis.asyncio as redis

from benchmarks.engine.nothing import STAGES, TOGETHER, Nothing
from benchmarks.engine.peers import Peers
from benchmarks.own_ray import own_ray
from benchmarks.processes import family, processes
from benchmarks.striking import Strike, begun_twice, noted, redis_dies
from moments_ray import runtime
from moments_ray.engine.runs.actor import keep_listening, start_worker
from moments_ray.settings import Settings

_RUNS = 8
_STAGE_SECONDS = 0.5
_STRIKE_AFTER = 20  # stages that began
_TIMEOUT_SECONDS = 90.0


async def observe(settings: Settings, peers: Peers, notes: Path) -> None:
    """Strike each system in the middle of eight runs and print what came of them."""
    print(f"\n{_RUNS} runs of {STAGES} stages of {_STAGE_SECONDS} s; struck when {_STRIKE_AFTER} stages have begun")
    print(f"{'':24}{'struck by':32}{'runs finished':>14}{'stages begun twice':>20}{'seconds after':>15}")
    client = runtime.open_redis(settings)
    with own_ray(settings):
        await _ours(settings, client, notes)
    for name in peers.names:
        await _peer(peers, name, client, notes)
    await client.aclose()


async def _ours(settings: Settings, client: redis.Redis, notes: Path) -> None:
    environment = runtime.connect(settings)
    run_service = runtime.run_service(environment)
    for number, what in enumerate(("kill -9 of the worker", "kill -9 of a stage's process", "Redis killed and empty")):
        notes.unlink(missing_ok=True)
        worker = start_worker(runtime.connect, settings, runtime.open_redis, name=f"loss{number}", detached=False)
        pid = await worker.__ray_call__.remote(_pid)
        listening = asyncio.create_task(keep_listening(worker))
        for run in range(_RUNS):
            request = Nothing(seconds=_STAGE_SECONDS, notes=str(notes), run=run)
            await run_service.start(TOGETHER, request)
        strike: Strike
        if number == 0:
            strike = _killing([pid])
        elif number == 1:
            strike = _killing_a_stage
        else:
            strike = redis_dies(client, _TIMEOUT_SECONDS)
        await _struck("moments_ray", what, strike, notes)
        await worker.drain.remote()
        await listening
    await environment.close()


async def _peer(peers: Peers, name: str, client: redis.Redis, notes: Path) -> None:
    for number, what in enumerate(("kill -9 of the worker", "Redis killed and empty")):
        if number and not name.startswith("Celery"):
            continue  # it does not use Redis
        notes.unlink(missing_ok=True)
        await asyncio.to_thread(peers.begin, name, 0, 0.0)  # its schema, which worker and client would make at once
        serving = [peers.serve(name)]
        beginning = asyncio.create_task(asyncio.to_thread(peers.begin, name, _RUNS, _STAGE_SECONDS))

        async def kill_and_start_again(serving: list[Any] = serving) -> None:
            os.killpg(serving[0].pid, signal.SIGKILL)
            serving[0].wait()
            serving.append(peers.serve(name))

        strike = redis_dies(client, _TIMEOUT_SECONDS) if number else kill_and_start_again
        try:
            await _struck(name, what, strike, notes)
            await beginning
        finally:
            for each in serving:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(each.pid, signal.SIGKILL)
                each.wait()


async def _struck(system: str, what: str, strike: Strike, notes: Path) -> None:
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while len(noted(notes)) < _STRIKE_AFTER:
        if time.monotonic() > deadline:
            raise SystemExit(f"{system} did not begin {_STRIKE_AFTER} stages within {_TIMEOUT_SECONDS:.0f} s")
        await asyncio.sleep(0.02)
    await strike()
    struck = time.monotonic()
    while (finished := sum(line.endswith(f" {STAGES}") for line in set(noted(notes)))) < _RUNS:
        if time.monotonic() > struck + _TIMEOUT_SECONDS:
            break
        await asyncio.sleep(0.1)
    seconds = time.monotonic() - struck
    await asyncio.sleep(4 * _STAGE_SECONDS)
    twice = begun_twice(notes)
    after = f"{seconds:.1f}" if finished == _RUNS else f"none in {seconds:.0f}"
    print(f"{system:24}{what:32}{f'{finished} of {_RUNS}':>14}{twice:20}{after:>15}", flush=True)


def _killing(pids: list[int]) -> Strike:
    async def strike() -> None:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)

    return strike


async def _killing_a_stage() -> None:
    """Kill the process of one stage that is at work; Ray names them by their function."""
    at_work = [
        each for each in family([os.getpid()], processes()) if each.command.startswith("ray::") and "#" in each.command
    ]
    for each in at_work[:1]:
        os.kill(each.pid, signal.SIGKILL)


def _pid(_: Any) -> int:
    return os.getpid()
