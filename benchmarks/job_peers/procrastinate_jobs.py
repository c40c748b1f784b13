"""procrastinate, whose queue is PostgreSQL: the row of a job, committed and completed, is its own.

python procrastinate_jobs.py create COUNT SECONDS AT_ONCE | serve AT_ONCE
"""

import asyncio
import sys

import durable_procrastinate
import rows_async
from rows import note

app = durable_procrastinate.application()


@app.task(name="work")
async def work(job: int, seconds: float) -> None:
    """Be the job."""
    if seconds:
        note(job)
        await asyncio.sleep(seconds)


async def create() -> None:
    """Hand jobs in."""
    async with app.open_async():
        await durable_procrastinate.prepare(app)
        await rows_async.create(lambda job, seconds: work.defer_async(job=job, seconds=seconds), row=False)


if __name__ == "__main__":
    asyncio.run(create() if sys.argv[1] == "create" else durable_procrastinate.serve(app, int(sys.argv[2])))
