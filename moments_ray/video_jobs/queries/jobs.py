"""Jobs: runs whose pipeline begins with ``job.``; there is no table of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import Run, RunEvent, RunStage, Video
from moments_ray.engine.queries.webhooks import Webhooks
from moments_ray.errors import NotFound
from moments_ray.states import ACTIVE_RUN, RunStatus
from moments_ray.video_jobs.options import JobStatus, JobType
from moments_ray.video_jobs.status import job_status

# As the partial index says it: a parameter would not find that.
_IS_JOB = text("runs.pipeline LIKE 'job.%'")
_FINISHED = (RunStatus.COMPLETED, RunStatus.COMPLETED_WITH_ERRORS, RunStatus.FAILED, RunStatus.CANCELLED)
_URL = Run.options["youtube_url"].astext


@dataclass(frozen=True)
class JobFilter:
    """Which jobs; what is empty is any. ``words`` stand in the title of the video or in the URL."""

    statuses: Sequence[JobStatus] = ()
    job_type: JobType | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    words: str | None = None


@dataclass(frozen=True)
class JobPage:
    """Some jobs with their videos, the newest first, and the key after which the next ones come."""

    rows: Sequence[tuple[Run, Video | None]]
    next_key: int | None


class JobHistory(NamedTuple):
    """When a job was created, and how often it was retried: ``runs.queued_at`` is of the last time."""

    created_at: datetime
    retries: int


@dataclass
class ActiveJobs:
    """How many jobs wait, before and after workers were notified, and are worked on; ``by_priority`` is of both waits.

    ``longest_wait`` is in seconds.
    """

    pending: int = 0
    queued: int = 0
    processing: int = 0
    by_priority: Counter[int] = field(default_factory=Counter)
    longest_wait: float = 0.0


class Jobs:
    """Reads and writes of jobs."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def get(self, identifier: str) -> tuple[Run, Video | None]:
        """Return a job and its video.

        Raises:
            NotFound: there is no such job.
        """
        query = _jobs().where(Run.identifier == identifier).execution_options(populate_existing=True)
        row = (await self._session.execute(query)).first()
        if row is None:
            raise NotFound(f"There is no job {identifier}.")
        return row[0], row[1]

    async def page(self, wanted: JobFilter, after: int | None, offset: int, limit: int) -> JobPage:
        """Return wanted jobs, after a key or after so many."""
        query = _jobs().where(*_conditions(wanted)).order_by(Run.id.desc()).offset(offset).limit(limit + 1)
        if after is not None:
            query = query.where(Run.id < after)
        rows = [(row[0], row[1]) for row in await self._session.execute(query)]
        more = len(rows) > limit
        return JobPage(rows[:limit], rows[limit - 1][0].id if more else None)

    async def count(self, wanted: JobFilter) -> int:
        """Return how many there are."""
        query = _jobs().where(*_conditions(wanted)).with_only_columns(func.count())
        return await self._session.scalar(query) or 0

    async def identifiers(self, wanted: JobFilter, limit: int) -> list[str]:
        """Return the identifiers of wanted jobs, the newest first."""
        query = _jobs().where(*_conditions(wanted)).with_only_columns(Run.identifier)
        return list(await self._session.scalars(query.order_by(Run.id.desc()).limit(limit)))

    async def of_identifiers(self, identifiers: Collection[str]) -> Mapping[str, Run]:
        """Return those of these jobs that there are, by identifier."""
        query = select(Run).where(_IS_JOB, Run.identifier.in_(identifiers)).execution_options(populate_existing=True)
        return {run.identifier: run for run in await self._session.scalars(query)}

    async def stages(self, runs: Sequence[Run]) -> Mapping[int, Mapping[str, RunStage]]:
        """Return the stages of jobs that have begun, by the runs' keys and by name."""
        found: dict[int, dict[str, RunStage]] = {run.id: {} for run in runs}
        for stage in await self._session.scalars(select(RunStage).where(RunStage.run_id.in_(found))):
            found[stage.run_id][stage.name] = stage
        return found

    async def histories(self, runs: Sequence[Run]) -> Mapping[int, JobHistory]:
        """Return when jobs were created and how often each was retried, by the runs' keys."""
        found = {run.id: JobHistory(run.queued_at, 0) for run in runs}  # of one that is deleted meanwhile
        query = select(RunEvent.run_id, func.min(RunEvent.created_at), func.count() - 1)
        query = query.where(RunEvent.run_id.in_([run.id for run in runs]), RunEvent.type == "run.queued")
        rows = await self._session.execute(query.group_by(RunEvent.run_id))
        return found | {run: JobHistory(created_at, retries) for run, created_at, retries in rows}

    async def place_in_queue(self, run: Run) -> int:
        """Return how many runs of any kind are taken before a waiting one, and itself."""
        before = or_(Run.priority > run.priority, and_(Run.priority == run.priority, Run.id <= run.id))
        query = select(func.count()).where(Run.status == RunStatus.QUEUED, before)
        return await self._session.scalar(query) or 1

    async def delete(self, identifier: str) -> bool:
        """Delete a finished job's row and, by cascade, its journal; tell whether it was finished."""
        finished = (Run.identifier == identifier, _IS_JOB, Run.status.in_(_FINISHED))
        return await self._session.scalar(delete(Run).where(*finished).returning(Run.id)) is not None

    async def clear(self) -> list[Run]:
        """Cancel every job that waits, and no run of another kind, and return them."""
        cancelled = (
            update(Run)
            .where(_IS_JOB, Run.status == RunStatus.QUEUED)
            .values(
                status=RunStatus.CANCELLED,
                cancel_requested_at=func.now(),
                completed_at=func.now(),
                event_seq=Run.event_seq + 1,
            )
            .returning(Run)
        )
        runs = list(await self._session.scalars(cancelled))
        if runs:
            events = [
                {"run_id": run.id, "seq": run.event_seq, "type": "run.cancelled", "data": {"reason": "cleared"}}
                for run in runs
            ]
            await self._session.execute(insert(RunEvent), events)
        for run in runs:
            if run.webhook_url is not None:
                await Webhooks(self._session).notify_end(run.id)
        return runs

    async def active(self) -> ActiveJobs:
        """Count the jobs that are not finished."""
        notified = Run.message_id.is_not(None)
        waited = func.extract("epoch", func.now() - func.min(Run.queued_at))
        query = select(Run.status, notified, Run.priority, func.count(), waited)
        query = query.where(_IS_JOB, Run.status.in_(ACTIVE_RUN)).group_by(Run.status, notified, Run.priority)
        found = ActiveJobs()
        for status, known, priority, count, seconds in await self._session.execute(query):
            match job_status(status, notified=known):
                case JobStatus.PROCESSING:
                    found.processing += count
                    continue
                case JobStatus.QUEUED:
                    found.queued += count
                case _:
                    found.pending += count
            found.by_priority[priority] += count
            found.longest_wait = max(found.longest_wait, float(seconds))
        return found

    async def done_by(self, workers: Sequence[str]) -> Mapping[str, int]:
        """Return how many finished jobs each worker took."""
        worker = RunEvent.data["worker"].astext
        query = select(worker, func.count(RunEvent.run_id.distinct())).join(Run, Run.id == RunEvent.run_id)
        query = query.where(text("run_events.type = 'run.started'"), worker.in_(workers), _IS_JOB)
        rows = await self._session.execute(query.where(Run.status.in_(_FINISHED)).group_by(worker))
        return dict(rows.tuples().all())

    async def statistics(self) -> Mapping[str, Any]:
        """Return figures of all jobs, in one statement."""
        row = (await self._session.execute(_STATISTICS)).one()
        return dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it


_STATISTICS = text("""
WITH job AS (
    SELECT runs.id, status, pipeline, queued_at, video_id,
        extract(epoch FROM completed_at - started_at) AS seconds,
        extract(epoch FROM started_at - queued_at) AS waited
    FROM runs WHERE pipeline LIKE 'job.%'
), counted AS (SELECT status, count(*) AS n FROM job GROUP BY status),
typed AS (SELECT pipeline, count(*) AS n FROM job GROUP BY pipeline),
recent AS (SELECT status, count(*) AS n FROM job WHERE queued_at > now() - interval '24 hours' GROUP BY status)
SELECT
    (SELECT count(*) FROM job) AS total,
    (SELECT coalesce(jsonb_object_agg(status, n), '{}') FROM counted) AS by_status,
    (SELECT coalesce(jsonb_object_agg(pipeline, n), '{}') FROM typed) AS by_pipeline,
    (SELECT coalesce(jsonb_object_agg(status, n), '{}') FROM recent) AS last_24h,
    (SELECT avg(seconds) FROM job WHERE status LIKE 'completed%') AS average_seconds,
    (SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds) FROM job WHERE status LIKE 'completed%')
        AS p95_seconds,
    (SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY waited) FROM job WHERE waited >= 0) AS waiting_p95_seconds,
    (SELECT count(*) FROM run_events JOIN job ON job.id = run_id
        WHERE type = 'run.queued' AND seq > 1) AS retries,
    (SELECT coalesce(sum(duration), 0) FROM job JOIN videos ON videos.id = video_id
        WHERE job.status LIKE 'completed%') AS media_seconds
""")


def _jobs() -> Select[Any]:
    return select(Run, Video).outerjoin(Video, Video.id == Run.video_id).where(_IS_JOB)


def _conditions(wanted: JobFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.statuses:
        found.append(or_(*(_stands(status) for status in wanted.statuses)))
    if wanted.job_type is not None:
        found.append(Run.pipeline == f"job.{wanted.job_type}")
    created = select(RunEvent.created_at).where(RunEvent.run_id == Run.id, RunEvent.seq == 1).scalar_subquery()
    if wanted.created_after is not None:
        found.append(created >= wanted.created_after)
    if wanted.created_before is not None:
        found.append(created < wanted.created_before)
    if wanted.words is not None:
        found.append(
            or_(Video.title.icontains(wanted.words, autoescape=True), _URL.icontains(wanted.words, autoescape=True))
        )
    return found


def _stands(status: JobStatus) -> ColumnElement[bool]:
    match status:
        case JobStatus.PENDING:
            return and_(Run.status == RunStatus.QUEUED, Run.message_id.is_(None))
        case JobStatus.QUEUED:
            return and_(Run.status == RunStatus.QUEUED, Run.message_id.is_not(None))
        case JobStatus.COMPLETED:
            return Run.status.in_([RunStatus.COMPLETED, RunStatus.COMPLETED_WITH_ERRORS])
        case other:
            return Run.status == other.value
