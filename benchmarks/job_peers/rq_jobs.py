"""RQ: a pool of workers, each of which forks a process for each job; jobs of dead workers are tried again.

python rq_jobs.py create COUNT SECONDS AT_ONCE | serve AT_ONCE
"""

import os
import sys
from typing import Any

import rows
from redis import Redis
from rq import Queue, Retry, Worker
from rq.worker_pool import WorkerPool

_redis = Redis.from_url(os.environ["BENCH_REDIS"])


def enqueue(job: int, seconds: float) -> None:
    """Hand a job in."""
    Queue("bench", connection=_redis).enqueue("rows.work", job, seconds, retry=Retry(max=3), result_ttl=0)


class PatientWorker(Worker):
    """A worker that looks for jobs of killed workers as often as the other peers do."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, maintenance_interval=5, job_monitoring_interval=1, **options)


if __name__ == "__main__":
    if sys.argv[1] == "create":
        rows.create(enqueue)
    else:
        WorkerPool(["bench"], _redis, num_workers=int(sys.argv[2]), worker_class=PatientWorker).start(
            logging_level="ERROR"
        )
