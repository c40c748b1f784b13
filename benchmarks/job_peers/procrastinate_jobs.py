"""procrastinate, whose queue is PostgreSQL: the row of a job, committed and completed, is its own.

python procrastinate_jobs.py create COUNT SECONDS AT_ONCE | serve AT_ONCE
"""

import asyncio
import logging
import os
import sys

import rows_async
from procrastinate import App, PsycopgConnector
from rows import note

logging.getLogger("procrastinate").setLevel(logging.ERROR)  # it warns of an application that is a program
app = App(connector=PsycopgConnector(conninfo=os.environ["BENCH_POSTGRES"], min_size=4, max_size=16))


@app.task(name="work")
async def work(job: int, seconds: float) -> None:
    """Be the job."""
    if seconds:
        note(job)
        await asyncio.sleep(seconds)


async def prepare() -> None:
    """Apply its schema where it is not there."""
    if not await app.check_connection_async():
        await app.schema_manager.apply_schema_async()


async def create() -> None:
    """Hand jobs in."""
    async with app.open_async():
        await prepare()
        await rows_async.create(lambda job, seconds: work.defer_async(job=job, seconds=seconds), row=False)


async def serve(at_once: int) -> None:
    """Work for ever, and now and then take up the jobs of workers whose heartbeat is stale."""

    async def take_up() -> None:
        while True:
            for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=15):
                await app.job_manager.retry_job(job)
            await asyncio.sleep(1)

    async with app.open_async():
        await prepare()
        await asyncio.gather(take_up(), app.run_worker_async(concurrency=at_once, update_heartbeat_interval=2))


if __name__ == "__main__":
    asyncio.run(create() if sys.argv[1] == "create" else serve(int(sys.argv[2])))
