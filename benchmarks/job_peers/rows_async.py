"""As ``rows``, for peers whose jobs are coroutines."""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable

import asyncpg
from rows import COMPLETE, CREATE, note

_pools: list[asyncpg.Pool] = []


async def execute(statement: str, *values: object) -> None:
    """Execute one statement and commit it, on this process's connections."""
    if not _pools:
        _pools.append(await asyncpg.create_pool(os.environ["BENCH_POSTGRES"], min_size=8, max_size=8))
    await _pools[0].execute(statement.replace("%s", "$1"), *values)


async def work(job: int, seconds: float) -> None:
    """Be the job: nothing, for so long, and its row is completed."""
    if seconds:
        note(job)
        await asyncio.sleep(seconds)
    await execute(COMPLETE, job)


async def create(enqueue: Callable[[int, float], Awaitable[object]], *, row: bool = True) -> None:
    """Create as many jobs as the command says, so many at once; with ``row`` its row is committed before each."""
    count, seconds, at_once = int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    if row:
        await execute("CREATE TABLE IF NOT EXISTS jobs (id int PRIMARY KEY, completed_at timestamptz)")
    left = iter(range(count))

    async def some() -> None:
        for job in left:
            if row:
                await execute(CREATE, job)
            await enqueue(job, seconds)

    began = time.perf_counter()
    await asyncio.gather(*(some() for _ in range(at_once)))
    print(time.perf_counter() - began)
