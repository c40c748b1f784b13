"""Celery: a task a job.

python celery_jobs.py create COUNT SECONDS AT_ONCE | serve AT_ONCE
"""

import os
import sys

import durable_celery
import rows

app = durable_celery.application("celery_jobs")


@app.task
def work(job: int, seconds: float) -> None:
    """Be the job."""
    rows.work(job, seconds)


if __name__ == "__main__":
    if sys.argv[1] == "create":
        rows.create(work.delay)
    else:
        os.execv(sys.executable, durable_celery.worker(app, int(sys.argv[2])))  # noqa: S606 - our own command
