"""The queue of jobs and their statistics, also at the paths without the prefix of jobs."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from redis.exceptions import RedisError

from moments_ray.engine.runs.queue import Queue
from moments_ray.http.container import Container
from moments_ray.http.dependencies import Dependencies
from moments_ray.http.health import SEEN_SECONDS
from moments_ray.http.schemas.workers import WorkerStatus
from moments_ray.http.workers import SeenWorker, seen_workers
from moments_ray.video_jobs.api.dependencies import Service
from moments_ray.video_jobs.api.schemas import Cleared, JobStatistics, QueueStatus, QueueWorker
from moments_ray.video_jobs.api.views import ROOT
from moments_ray.video_jobs.options import JobStatus
from moments_ray.video_jobs.pipelines import PREFIX
from moments_ray.video_jobs.queries.jobs import Jobs
from moments_ray.video_jobs.status import job_status

router = APIRouter(tags=["jobs"])

_SHORT = "/api/v1"


@router.get(f"{ROOT}/queue/status")
@router.get(f"{_SHORT}/queue/status", name="read_queue_status_by_short_path")
async def read_queue_status(dependencies: Dependencies) -> QueueStatus:
    """Tell how many jobs wait and are worked on, and by whom."""
    settings = dependencies.environment.settings
    # Side by side: a Redis that says nothing is waited for by each that asks it.
    seen, dead = await asyncio.gather(seen_workers(dependencies), _given_up(dependencies))
    async with dependencies.environment.database.read() as session:
        active = await Jobs(session).active()
        done = await Jobs(session).done_by([worker.name for worker in seen])
    workers = [_worker(worker, done.get(worker.name, 0)) for worker in seen]
    return QueueStatus(
        queue_running=any(worker.status is not WorkerStatus.SILENT for worker in workers),
        pending=active.pending,
        queued=active.queued,
        processing=active.processing,
        by_priority={str(priority): active.by_priority[priority] for priority in range(11)},
        oldest_waiting_seconds=round(active.longest_wait, 3),
        max_concurrent_jobs=settings.worker.runs_at_once,
        workers=workers,
        dead=dead,
    )


def _worker(worker: SeenWorker, done: int) -> QueueWorker:
    return QueueWorker(
        id=worker.name,
        node=worker.node,
        status=worker.status,
        current_jobs=[run for run, pipeline in worker.runs.items() if pipeline.startswith(PREFIX)],
        jobs_done=done,
        last_heartbeat=worker.last_heartbeat,
    )


async def _given_up(container: Container) -> int:
    """Return how many runs were given up; none without Redis."""
    try:
        return await Queue(container.redis).dead_letter_count()
    except RedisError:
        return 0


async def queue_running(container: Container) -> bool:
    """Tell whether a worker listens; without Redis it is not known, and so not said."""
    try:
        return bool(await Queue(container.redis).listening(SEEN_SECONDS))
    except RedisError:
        return False


@router.delete(f"{ROOT}/queue/clear")
@router.delete(f"{_SHORT}/queue/clear", name="clear_queue_by_short_path")
async def clear_queue(service: Service) -> Cleared:
    """Cancel every job that waits; those that are worked on, and runs of other kinds, are left alone."""
    return Cleared(cleared=await service.clear())


@router.get(f"{ROOT}/statistics")
@router.get(f"{_SHORT}/statistics", name="read_job_statistics_by_short_path")
async def read_job_statistics(dependencies: Dependencies) -> JobStatistics:
    """Return figures of all jobs."""
    async with dependencies.environment.database.read() as session:
        figures = dict(await Jobs(session).statistics())
    by_status = _by_job_status(figures.pop("by_status"))
    by_type = {name.removeprefix(PREFIX): count for name, count in figures.pop("by_pipeline").items()}
    ended = by_status.get(JobStatus.COMPLETED, 0) + by_status.get(JobStatus.FAILED, 0)
    rate = round(by_status.get(JobStatus.COMPLETED, 0) / ended, 4) if ended else None
    recent = _by_job_status(figures.pop("last_24h"))
    return JobStatistics(by_status=by_status, by_type=by_type, success_rate=rate, last_24h=recent, **figures)


def _by_job_status(by_run_status: dict[str, int]) -> dict[str, int]:
    """Return counts by the words of jobs; what waits is shown as queued."""
    found: dict[str, int] = {}
    for status, count in by_run_status.items():
        word = job_status(status, notified=True)
        found[word] = found.get(word, 0) + count
    return found
