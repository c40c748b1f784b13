"""taskiq on a stream of Redis, whose messages are acknowledged; those of dead workers are claimed when idle.

python taskiq_jobs.py create COUNT SECONDS AT_ONCE | serve AT_ONCE
"""

import asyncio
import os
import sys

import rows_async
from taskiq_redis import RedisStreamBroker

broker = RedisStreamBroker(os.environ["BENCH_REDIS"], consumer_id="0", idle_timeout=15_000)


@broker.task(task_name="work")
async def work(job: int, seconds: float) -> None:
    """Be the job."""
    await rows_async.work(job, seconds)


async def create() -> None:
    """Hand jobs in."""
    await broker.startup()
    await rows_async.create(work.kiq)
    await broker.shutdown()


if __name__ == "__main__":
    if sys.argv[1] == "create":
        asyncio.run(create())
    else:
        options = ["--workers", "1", "--max-async-tasks", sys.argv[2], "--log-level", "ERROR"]
        command = [sys.executable, "-m", "taskiq", "worker", "taskiq_jobs:broker", *options]
        os.execv(sys.executable, command)  # noqa: S606 - our own command
