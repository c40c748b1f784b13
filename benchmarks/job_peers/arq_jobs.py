"""arq: one process, its jobs coroutines; a job whose worker died is taken again when its time is over.

python arq_jobs.py create COUNT SECONDS AT_ONCE | serve AT_ONCE
"""

import asyncio
import os
import sys
from typing import Any

import rows_async
from arq import create_pool, func
from arq.connections import RedisSettings
from arq.worker import Worker

_REDIS = RedisSettings.from_dsn(os.environ["BENCH_REDIS"])


async def work(_: dict[str, Any], job: int, seconds: float) -> None:
    """Be the job."""
    await rows_async.work(job, seconds)


async def create() -> None:
    """Hand jobs in."""
    redis = await create_pool(_REDIS)
    await rows_async.create(lambda job, seconds: redis.enqueue_job("work", job, seconds))


def serve(at_once: int) -> None:
    """Work until told to stop."""
    Worker(
        [func(work, keep_result=0)],
        redis_settings=_REDIS,
        max_jobs=at_once,
        job_timeout=5,
        poll_delay=0.1,
    ).run()


if __name__ == "__main__":
    asyncio.set_event_loop(asyncio.new_event_loop())
    if sys.argv[1] == "create":
        asyncio.get_event_loop().run_until_complete(create())
    else:
        serve(int(sys.argv[2]))
