"""Celery as its manual has it for work that must not be lost: acknowledged late, on Redis.

python celery_jobs.py create COUNT SECONDS AT_ONCE | serve AT_ONCE
"""

import os
import sys

import rows
from celery import Celery

app = Celery("celery_jobs", broker=os.environ["BENCH_REDIS"].replace("unix://", "redis+socket://"))
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"visibility_timeout": 15, "unacked_restore_throttle": 1},  # else it looks every 100 s
)


@app.task
def work(job: int, seconds: float) -> None:
    """Be the job."""
    rows.work(job, seconds)


if __name__ == "__main__":
    if sys.argv[1] == "create":
        rows.create(work.delay)
    else:
        options = [f"--concurrency={sys.argv[2]}", "--loglevel=ERROR", "--without-gossip", "--without-mingle"]
        command = [sys.executable, "-m", "celery", "-A", "celery_jobs", "worker", *options]
        os.execv(sys.executable, command)  # noqa: S606 - our own command
