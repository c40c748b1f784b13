"""The queue of jobs and their statistics, also at the paths without the prefix of jobs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter
from redis.exceptions import RedisError

from moments_ray.engine.runs.queue import Queue
from moments_ray.http.container import Container
from moments_ray.http.dependencies import Dependencies
from moments_ray.states import RunStatus
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
@router.get(f"{_SHORT}/queue/status", include_in_schema=False)
async def read_queue_status(dependencies: Dependencies) -> QueueStatus:
    """Tell how many jobs wait and are worked on, and by whom."""
    settings = dependencies.environment.settings
    async with dependencies.environment.database.read() as session:
        by_status, by_priority, longest = await Jobs(session).waiting()
        holders = await Jobs(session).workers()
    lease = settings.worker.lease_seconds
    listening, dead = await _of_redis(dependencies, lease)
    return QueueStatus(
        queue_running=listening > 0 or any(age < lease for _, _, age, _ in holders),
        pending=by_status.get((RunStatus.QUEUED, False), 0),
        queued=by_status.get((RunStatus.QUEUED, True), 0),
        processing=sum(count for (status, _), count in by_status.items() if status == RunStatus.PROCESSING),
        by_priority={str(priority): by_priority.get(priority, 0) for priority in range(11)},
        oldest_waiting_seconds=round(longest, 3),
        max_concurrent_jobs=settings.worker.runs_at_once,
        workers=[
            QueueWorker(
                id=owner,
                node=None,
                status="busy" if age < lease else "silent",
                current_jobs=held,
                jobs_done=None,
                last_heartbeat=datetime.now(UTC) - timedelta(seconds=age),
            )
            for owner, _, age, held in holders
        ],
        dead=dead,
    )


async def _of_redis(container: Container, lease: float) -> tuple[int, int]:
    """Return how many workers listen, and how many runs were given up; none of both while Redis is away."""
    queue = Queue(container.redis)
    try:
        return await queue.listening(lease), await queue.dead_letter_count()
    except RedisError:
        return 0, 0


@router.delete(f"{ROOT}/queue/clear")
@router.delete(f"{_SHORT}/queue/clear", include_in_schema=False)
async def clear_queue(service: Service) -> Cleared:
    """Cancel every job that waits; those that are worked on, and runs of other kinds, are left alone."""
    return Cleared(cleared=await service.clear())


@router.get(f"{ROOT}/statistics")
@router.get(f"{_SHORT}/statistics", include_in_schema=False)
async def read_statistics(dependencies: Dependencies) -> JobStatistics:
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
