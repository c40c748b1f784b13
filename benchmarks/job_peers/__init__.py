"""Peers that run jobs from a queue."""

from __future__ import annotations

from pathlib import Path

from benchmarks.peer_programs import PeerPrograms

# The stores without which each has nothing left: its name here says them.
PEERS = {
    "RQ": "rq_jobs.py",
    "Celery": "celery_jobs.py",
    "arq": "arq_jobs.py",
    "taskiq": "taskiq_jobs.py",
    "procrastinate": "procrastinate_jobs.py",
}


def job_peers(database_url: str, redis_url: str, notes: Path) -> PeerPrograms:
    """Return the peers' programs."""
    return PeerPrograms(
        *(Path(__file__).parent, PEERS, "bench-job-peers"), database_url=database_url, redis_url=redis_url, notes=notes
    )
