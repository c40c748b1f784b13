"""What each of the peers that keep no rows of their own does beside its queue: a row a job, written and completed."""

import functools
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from psycopg_pool import ConnectionPool

_URL = os.environ["BENCH_POSTGRES"]
_NOTES = Path(os.environ["BENCH_NOTES"])
CREATE = "INSERT INTO jobs (id) VALUES (%s)"
COMPLETE = "UPDATE jobs SET completed_at = clock_timestamp() WHERE id = %s"
_TABLE = "CREATE TABLE IF NOT EXISTS jobs (id int PRIMARY KEY, completed_at timestamptz)"


@functools.cache
def pool() -> ConnectionPool:
    """Return this process's connections; each statement commits itself."""
    return ConnectionPool(_URL, min_size=1, max_size=8, kwargs={"autocommit": True}, open=True)


def execute(statement: str, *values: object) -> None:
    """Execute one statement and commit it."""
    with pool().connection() as connection:
        connection.execute(statement, values)


def note(job: int) -> None:
    """Note that a job began."""
    with _NOTES.open("a") as notes:
        notes.write(f"{job}\n")


def work(job: int, seconds: float) -> None:
    """Be the job: nothing, for so long, and its row is completed."""
    if seconds:
        note(job)
        time.sleep(seconds)
    execute(COMPLETE, job)


def create(enqueue: Callable[[int, float], object]) -> None:
    """Create as many jobs as the command says, by as many threads; a row is committed before its job is enqueued."""
    count, seconds, at_once = int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    execute(_TABLE)

    def one(job: int) -> None:
        execute(CREATE, job)
        enqueue(job, seconds)

    with ThreadPoolExecutor(at_once) as threads:
        began = time.perf_counter()
        list(threads.map(one, range(count)))
        print(time.perf_counter() - began)
