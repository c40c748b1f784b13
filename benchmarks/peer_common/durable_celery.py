"""Celery as its manual has it for work that must not be lost: acknowledged late, on Redis."""

import os
import sys

from celery import Celery


def application(name: str) -> Celery:
    """Return the application of a program's module of this name."""
    app = Celery(name, broker=os.environ["BENCH_REDIS"].replace("unix://", "redis+socket://"))
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        worker_prefetch_multiplier=1,
        broker_connection_retry_on_startup=True,
        broker_transport_options={"visibility_timeout": 15, "unacked_restore_throttle": 1},  # else it looks every 100 s
    )
    return app


def worker(app: Celery, processes: int) -> list[str]:
    """Return the command of a worker."""
    options = [f"--concurrency={processes}", "--loglevel=ERROR", "--without-gossip", "--without-mingle"]
    return [sys.executable, "-m", "celery", "-A", app.main, "worker", *options]
