"""The queue of jobs and their statistics, also at the paths without the prefix of jobs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter
from redis.exceptions import RedisError

from moments_ray.engine.runs.queue import Queue
from moments_ray.http.container import Container
from moments_ray.http.dependencies import Dependencies
from moments_ray.http.health import SEEN_SECONDS
from moments_ray.states import RunStatus
from moments_ray.video_jobs.api.dependencies import Service
from moments_ray.video_jobs.api.schemas import Cleared, JobStatistics, QueueStatus, QueueWorker, WorkerStatus
from moments_ray.video_jobs.api.views import ROOT
from moments_ray.video_jobs.options import JobStatus
from moments_ray.video_jobs.pipelines import PREFIX
from moments_ray.video_jobs.queries.jobs import Jobs, WorkerLoad
from moments_ray.video_jobs.status import job_status

router = APIRouter(tags=["jobs"])

_SHORT = "/api/v1"


@router.get(f"{ROOT}/queue/status")
@router.get(f"{_SHORT}/queue/status", name="read_queue_status_by_short_path")
async def read_queue_status(dependencies: Dependencies) -> QueueStatus:
    """Tell how many jobs wait and are worked on, and by whom."""
    settings = dependencies.environment.settings
    seen, dead = await _of_redis(dependencies)
    async with dependencies.environment.database.read() as session:
        by_status, by_priority, longest = await Jobs(session).waiting()
        holders = {holder.worker: holder for holder in await Jobs(session).holders()}
        names = sorted({*holders, *(name for name, idle in seen.items() if idle <= SEEN_SECONDS)})
        done = await Jobs(session).done_by(names)
    workers = [
        _worker(name, holders.get(name), seen.get(name), settings.worker.lease_seconds, done.get(name, 0))
        for name in names
    ]
    return QueueStatus(
        queue_running=any(worker.status is not WorkerStatus.SILENT for worker in workers),
        pending=by_status.get((RunStatus.QUEUED, False), 0),
        queued=by_status.get((RunStatus.QUEUED, True), 0),
        processing=sum(count for (status, _), count in by_status.items() if status == RunStatus.PROCESSING),
        by_priority={str(priority): by_priority.get(priority, 0) for priority in range(11)},
        oldest_waiting_seconds=round(longest, 3),
        max_concurrent_jobs=settings.worker.runs_at_once,
        workers=workers,
        dead=dead,
    )


def _worker(name: str, holder: WorkerLoad | None, seen: float | None, lease: float, done: int) -> QueueWorker:
    """Show a worker, of which PostgreSQL knows the heartbeat of its runs, Redis when it looked into the queue."""
    age = min(each for each in (holder and holder.age, seen) if each is not None)
    silent = holder is not None and holder.age >= lease
    return QueueWorker(
        id=name,
        node=name.removeprefix("worker-").rpartition("-")[0] or None,
        status=WorkerStatus.SILENT if silent else WorkerStatus.BUSY if holder else WorkerStatus.IDLE,
        current_jobs=list(holder.jobs) if holder else [],
        jobs_done=done,
        last_heartbeat=datetime.now(UTC) - timedelta(seconds=age),
    )


async def _of_redis(container: Container) -> tuple[Mapping[str, float], int]:
    """Return which workers looked into the queue, how long ago, and how many runs were given up; none without Redis."""
    queue = Queue(container.redis)
    try:
        return await queue.consumers(), await queue.dead_letter_count()
    except RedisError:
        return {}, 0


async def queue_running(container: Container) -> bool:
    """Tell whether a worker listens; without Redis it is not known, and so not said."""
    seen, _ = await _of_redis(container)
    return any(idle <= SEEN_SECONDS for idle in seen.values())


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
