"""Celery: a chain of eight tasks.

python celery_chain.py speed RUNS AT_ONCE | begin RUNS SECONDS | serve
"""

import functools
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import durable_celery
import redis
from celery import chain

STAGES = 8
REDIS = os.environ["BENCH_REDIS"]
DONE = "bench:done"

app = durable_celery.application("celery_chain")


@functools.cache
def client() -> redis.Redis:
    """Return this process's client; a pop may wait for as long as it likes."""
    return redis.Redis.from_url(REDIS, socket_timeout=None)


@app.task
def step(run: int, number: int, seconds: float) -> None:
    """Do nothing for so long; the last step says that its run is over."""
    if seconds:
        with Path(os.environ["BENCH_NOTES"]).open("a") as notes:
            notes.write(f"{run} {number}\n")
        time.sleep(seconds)
    if number == STAGES:
        client().rpush(DONE, run)


def begin(run: int, seconds: float) -> None:
    """Submit one run."""
    chain(*(step.si(run, number, seconds) for number in range(1, STAGES + 1))).apply_async()


def speed(runs: int, at_once: int) -> dict[str, object]:
    """Keep so many runs on their way until so many are done."""
    serving = subprocess.Popen(durable_celery.worker(app, at_once))
    try:
        _measure(2 * at_once, at_once)  # processes warm
        wall, seconds = _measure(runs, at_once)
    finally:
        serving.terminate()
        serving.wait()
    return {"wall": wall, "seconds": seconds}


def _measure(runs: int, at_once: int) -> tuple[float, list[float]]:
    client().delete(DONE)
    began: dict[int, float] = {}
    seconds: list[float] = []
    start = time.perf_counter()
    while len(seconds) < runs:
        while len(began) < min(runs, len(seconds) + at_once):
            run = len(began)
            began[run] = time.perf_counter()
            begin(run, 0)
        answer = client().blpop([DONE], timeout=60)
        if answer is None:
            raise SystemExit("Celery did not finish a run within a minute")
        seconds.append(time.perf_counter() - began[int(answer[1])])
    return time.perf_counter() - start, seconds


if __name__ == "__main__":
    mode, *words = sys.argv[1:]
    if mode == "speed":
        print(json.dumps(speed(int(words[0]), int(words[1]))))
    elif mode == "begin":
        for run in range(int(words[0])):
            begin(run, float(words[1]))
    else:
        os.execv(sys.executable, durable_celery.worker(app, 8))  # noqa: S606 - our own command
