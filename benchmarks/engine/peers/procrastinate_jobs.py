"""procrastinate: each of eight jobs hands in the next.

python procrastinate_jobs.py speed RUNS AT_ONCE | begin RUNS SECONDS | serve
"""

import asyncio
import contextlib
import json
import os
import sys
import time
from pathlib import Path

import durable_procrastinate

STAGES = 8
app = durable_procrastinate.application()
done: dict[int, asyncio.Event] = {}


@app.task(name="step")
async def step(run: int, number: int, seconds: float) -> None:
    """Do nothing for so long, and hand in the next."""
    if seconds:
        with Path(os.environ["BENCH_NOTES"]).open("a") as notes:  # noqa: ASYNC230 - shorter than a thread would take
            notes.write(f"{run} {number}\n")
        await asyncio.sleep(seconds)
    if number < STAGES:
        await step.defer_async(run=run, number=number + 1, seconds=seconds)
    elif run in done:
        done[run].set()


async def speed(runs: int, at_once: int) -> dict[str, object]:
    """Keep so many runs on their way, with the worker in the same process."""
    async with app.open_async():
        await durable_procrastinate.prepare(app)
        working = asyncio.create_task(app.run_worker_async(concurrency=at_once, install_signal_handlers=False))
        await _measure(range(2 * at_once), at_once)
        wall, seconds = await _measure(range(1000, 1000 + runs), at_once)
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
    return {"wall": wall, "seconds": seconds}


async def _measure(runs: range, at_once: int) -> tuple[float, list[float]]:
    slots = asyncio.Semaphore(at_once)
    seconds: list[float] = []

    async def one(run: int) -> None:
        async with slots:
            began = time.perf_counter()
            done[run] = asyncio.Event()
            await step.defer_async(run=run, number=1, seconds=0)
            await done[run].wait()
            seconds.append(time.perf_counter() - began)

    start = time.perf_counter()
    await asyncio.gather(*(one(run) for run in runs))
    return time.perf_counter() - start, seconds


async def begin(runs: int, seconds: float) -> None:
    """Hand in the first job of each run."""
    async with app.open_async():
        await durable_procrastinate.prepare(app)
        for run in range(runs):
            await step.defer_async(run=run, number=1, seconds=seconds)


if __name__ == "__main__":
    mode, *words = sys.argv[1:]
    if mode == "speed":
        print(json.dumps(asyncio.run(speed(int(words[0]), int(words[1])))))
    elif mode == "begin":
        asyncio.run(begin(int(words[0]), float(words[1])))
    else:
        asyncio.run(durable_procrastinate.serve(app, 8))
