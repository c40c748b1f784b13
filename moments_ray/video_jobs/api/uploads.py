"""Jobs about a file that comes with the request, and many jobs at once."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Response, UploadFile
from pydantic import Json, ValidationError

from moments_ray.errors import InvalidRequest, MomentsError
from moments_ray.http.body_limit import RouteLimit
from moments_ray.http.dependencies import Dependencies, IdempotencyKey
from moments_ray.http.known_fields import names_within
from moments_ray.http.problems import problems, said, where
from moments_ray.library.upload import form_bytes, receive, store_upload, upload_pieces
from moments_ray.media.downloaded import clean_title
from moments_ray.settings import DownloadSettings
from moments_ray.video_jobs.api.dependencies import Service
from moments_ray.video_jobs.api.jobs import CREATES
from moments_ray.video_jobs.api.schemas import BulkJobResult, BulkJobs, BulkJobsResult, JobView
from moments_ray.video_jobs.api.views import ROOT, created, entries, whole_job
from moments_ray.video_jobs.options import MOST_AT_ONCE, CreateJob, NewJob
from moments_ray.video_jobs.queries.jobs import JobFilter, Jobs

UPLOAD_PATH = f"{ROOT}/upload"

_BULK_BYTES = 8 * 1024**2
_JOB_BYTES = 4 * 1024**2  # far more than a job needs, so that the field that is too long is named
_AT_ONCE = 4  # entries under way: others use the API, too

router = APIRouter(prefix=ROOT, tags=["jobs"])


def body_limits(settings: DownloadSettings) -> tuple[RouteLimit, ...]:
    """Return how large a form with a file, a list of jobs, and a job may be."""
    cure = "send a larger file in parts, by tus 1.0 to /api/uploads, and make a job of its video_id"
    return (
        RouteLimit(UPLOAD_PATH, form_bytes(settings), cure),
        RouteLimit(f"{ROOT}/bulk", _BULK_BYTES, "send fewer jobs at once"),
        RouteLimit(ROOT, _JOB_BYTES, "no option needs as much"),
        RouteLimit(f"{ROOT}/", _JOB_BYTES, "no option needs as much"),
    )


@router.post("/upload", status_code=201, response_model=JobView, responses={**CREATES, **problems(400, 413, 507)})
async def upload_job(
    dependencies: Dependencies,
    service: Service,
    file: Annotated[UploadFile, File(description="the video")],
    job: Annotated[Json[NewJob], Form(description="JSON, as for a job on a URL, without `youtube_url`")],
    response: Response,
    *,
    key: IdempotencyKey = None,
) -> JobView:
    """Create a job on a video that comes with the request, of at most 64 MiB; a larger one is sent by tus first."""
    await service.check(job)
    title = clean_title(Path(file.filename or "").stem)
    with tempfile.TemporaryDirectory(prefix="moments-upload-") as directory:
        limit = dependencies.environment.settings.download.max_bytes
        received = await receive(upload_pieces(file), Path(directory) / "upload", limit)
        found = await store_upload(received, dependencies.environment, title)
    run, video, known = await service.create_of(job, found, title, key)
    response.headers["Location"] = f"{ROOT}/{run.identifier}"
    if known:
        response.status_code = 200
        return await whole_job(dependencies, run, video)
    return created(dependencies, run, video)


@router.post("/bulk", responses=problems(404, 409))
async def change_jobs(
    dependencies: Dependencies, service: Service, asked: BulkJobs, key: IdempotencyKey = None
) -> BulkJobsResult:
    """Create many jobs, or cancel, retry or delete many; one that cannot be does not stop the others."""
    if (asked.jobs is None) == (asked.action is None):
        raise InvalidRequest("Give either jobs to create or an action.")
    if asked.jobs is not None:
        return await _each(asked.jobs, lambda index, body: _create(dependencies, service, index, body, key))
    if (asked.ids is None) == (asked.filter is None):
        raise InvalidRequest("Give ids or a filter, and not both, for the action to know its jobs.")
    ids = asked.ids if asked.ids is not None else await _found(dependencies, asked)
    return await _each(ids, lambda index, job: _act(dependencies, service, asked.action or "", index, job))


async def _found(dependencies: Dependencies, asked: BulkJobs) -> list[str]:
    assert asked.filter is not None  # noqa: S101 - one of both
    statuses = (asked.filter.status,) if asked.filter.status is not None else ()
    async with dependencies.environment.database.read() as session:
        return await Jobs(session).identifiers(JobFilter(statuses, asked.filter.job_type), MOST_AT_ONCE)


async def _create(
    dependencies: Dependencies, service: Service, index: int, body: Any, key: str | None
) -> BulkJobResult:
    try:
        asked = CreateJob.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        wrong = said(first, list(names_within(CreateJob, first["loc"][:-1])))
        raise InvalidRequest(f"{where(first) or 'the job'}: {wrong}.") from error
    run, video, _ = await service.create(asked, None if key is None else f"{key}/{index}")
    (job,) = await entries(dependencies, [(run, video)])
    return BulkJobResult(index=index, id=run.identifier, job=job)


async def _act(dependencies: Dependencies, service: Service, action: str, index: int, job: str) -> BulkJobResult:
    match action:
        case "delete":
            await service.delete(job)
            return BulkJobResult(index=index, id=job)
        case "cancel":
            await service.cancel(job)
        case _:
            await service.retry(job)
    async with dependencies.environment.database.read() as session:
        row = await Jobs(session).get(job)
    (shown,) = await entries(dependencies, [row])
    return BulkJobResult(index=index, id=job, job=shown)


async def _each(asked: Sequence[Any], act: Callable[[int, Any], Awaitable[BulkJobResult]]) -> BulkJobsResult:
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(index: int, entry: Any) -> BulkJobResult:
        async with turn:
            try:
                return await act(index, entry)
            except MomentsError as error:
                problem = {"code": error.code, "detail": error.message, "status": error.status}
                return BulkJobResult(
                    index=index,
                    id=entry if isinstance(entry, str) else None,
                    error={**problem, "retryable": error.retryable},
                )

    results = await asyncio.gather(*(one(index, entry) for index, entry in enumerate(asked)))
    failed = sum(result.error is not None for result in results)
    return BulkJobsResult(created=len(results) - failed, failed=failed, results=list(results))
