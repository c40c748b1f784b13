"""DBOS: a durable workflow of eight steps, called by threads, or queued for a process that can die.

python dbos_workflow.py speed RUNS AT_ONCE | begin RUNS SECONDS | serve
"""

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dbos import DBOS, DBOSClient

STAGES = 8
URL = os.environ["BENCH_POSTGRES"]


@DBOS.step()
def step(run: int, number: int, seconds: float) -> None:
    """Do nothing for so long."""
    if seconds:
        with Path(os.environ["BENCH_NOTES"]).open("a") as notes:
            notes.write(f"{run} {number}\n")
        time.sleep(seconds)


@DBOS.workflow()
def steps(run: int, seconds: float) -> None:
    """Do the steps in order."""
    for number in range(1, STAGES + 1):
        step(run, number, seconds)


def launch() -> None:
    """Connect, migrate, and go on with what an earlier process of this name left."""
    DBOS(
        config={
            "name": "bench",
            "system_database_url": URL,
            "log_level": "ERROR",
            "application_version": "1",
            "sys_db_pool_size": 20,
        }
    )
    DBOS.launch()
    DBOS.register_queue("bench", worker_concurrency=8, polling_interval_sec=0.5)


def speed(runs: int, at_once: int) -> dict[str, object]:
    """Run the workflow by so many threads."""
    launch()

    def one(run: int) -> float:
        began = time.perf_counter()
        steps(run, 0)
        return time.perf_counter() - began

    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(one, range(2 * at_once)))
        start = time.perf_counter()
        seconds = list(pool.map(one, range(runs)))
        wall = time.perf_counter() - start
    DBOS.destroy()
    return {"wall": wall, "seconds": seconds}


if __name__ == "__main__":
    mode, *words = sys.argv[1:]
    if mode == "speed":
        print(json.dumps(speed(int(words[0]), int(words[1]))))
    elif mode == "begin":
        launch()  # which makes its schema where it is not there
        DBOS.destroy()
        client = DBOSClient(system_database_url=URL)
        for run in range(int(words[0])):
            client.enqueue({"workflow_name": "steps", "queue_name": "bench"}, run, float(words[1]))
    else:
        launch()
        time.sleep(3600)
