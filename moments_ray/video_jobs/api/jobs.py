"""Jobs: created, listed, looked at, cancelled, retried, deleted."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime

from moments_ray.errors import InvalidRequest
from moments_ray.http.dependencies import Dependencies, IdempotencyKey, Identifier
from moments_ray.http.paging import After, Limit, cursor_of
from moments_ray.http.problems import problems
from moments_ray.http.schemas.options import Text
from moments_ray.states import RunStatus
from moments_ray.video_jobs.api.dependencies import Service
from moments_ray.video_jobs.api.schemas import JobPageView, JobView
from moments_ray.video_jobs.api.views import ROOT, created, entries, whole_job
from moments_ray.video_jobs.options import CreateJob, JobStatus, JobType
from moments_ray.video_jobs.queries.jobs import JobFilter, Jobs

router = APIRouter(tags=["jobs"])

MOST_OFFSET = 10_000
CREATES: dict[int | str, dict[str, Any]] = {
    200: {"model": JobView, "description": "The Idempotency-Key made this job before."},
    201: {"headers": {"Location": {"description": "the job", "schema": {"type": "string"}}}},
    **problems(404, 409),
}


@router.post(f"{ROOT}/", status_code=201, response_model=JobView, responses=CREATES)
@router.post(ROOT, status_code=201, response_model=JobView, responses=CREATES, include_in_schema=False)
async def create_job(
    dependencies: Dependencies, service: Service, asked: CreateJob, response: Response, key: IdempotencyKey = None
) -> JobView:
    """Create a job on the video at a URL."""
    run, video, known = await service.create(asked, key)
    response.headers["Location"] = f"{ROOT}/{run.identifier}"
    if known:
        response.status_code = 200
        return await read_job(dependencies, run.identifier)
    return created(dependencies, run, video)


@router.get(f"{ROOT}/", response_model=JobPageView)
@router.get(ROOT, response_model=JobPageView, include_in_schema=False)
async def list_jobs(
    dependencies: Dependencies,
    after: After,
    *,
    limit: Limit = 50,
    offset: Annotated[int, Query(ge=0, le=2**31, description="entries to leave out; far ones by `cursor`")] = 0,
    status_filter: Annotated[
        str | None,
        Query(max_length=200, description="a status, or several with commas between", examples=["processing"]),
    ] = None,
    job_type: Annotated[JobType | None, Query()] = None,
    created_after: Annotated[AwareDatetime | None, Query()] = None,
    created_before: Annotated[AwareDatetime | None, Query()] = None,
    q: Annotated[Text | None, Query(min_length=1, max_length=200, description="in the title or the URL")] = None,
    fields: Annotated[str | None, Query(pattern="^full$", description="`full`: with results")] = None,
) -> JobPageView:
    """List jobs, the newest first, without their results."""
    if offset > MOST_OFFSET:
        raise InvalidRequest(f"The offset may be {MOST_OFFSET} at most; go further with cursor.")
    wanted = JobFilter(_statuses(status_filter), job_type, created_after, created_before, q)
    async with dependencies.environment.database.read() as session:
        page = await Jobs(session).page(wanted, after, offset, limit)
        total = await Jobs(session).count(wanted)
    if fields == "full":
        shown = [await whole_job(dependencies, run, video) for run, video in page.rows]
    else:
        shown = list(await entries(dependencies, page.rows))  # type: ignore[arg-type]  # a list of either
    next_cursor = cursor_of(page.next_key)
    return JobPageView(items=list(shown), next_cursor=next_cursor, total=total, limit=limit, offset=offset)


def _statuses(said: str | None) -> tuple[JobStatus, ...]:
    try:
        return tuple(JobStatus(word.strip()) for word in said.split(",")) if said is not None else ()
    except ValueError as error:
        known = ", ".join(JobStatus)
        shown = said[:80] if said else ""
        raise InvalidRequest(f"There is no status {shown!r} for status_filter: choose of {known}.") from error


@router.get(f"{ROOT}/{{job_id}}", responses=problems(404))
async def read_job(dependencies: Dependencies, job_id: Identifier) -> JobView:
    """Return a job with its results as far as they are there."""
    async with dependencies.environment.database.read() as session:
        run, video = await Jobs(session).get(job_id)
    return await whole_job(dependencies, run, video)


@router.delete(
    f"{ROOT}/{{job_id}}",
    status_code=204,
    response_class=Response,
    responses={204: {"description": "Deleted, with the files that were its own."}, **problems(404, 409)},
)
async def delete_job(
    service: Service,
    job_id: Identifier,
    with_video: Annotated[bool, Query(description="delete the library's video, too, with all that is of it")] = False,
) -> Response:
    """Delete a finished job."""
    await service.delete(job_id, with_video=with_video)
    return Response(status_code=204)


@router.post(
    f"{ROOT}/{{job_id}}/cancel",
    responses={
        200: {"description": "It had not begun, and is cancelled."},
        202: {"model": JobView, "description": "It is being worked on, and stops within seconds."},
        **problems(404, 409),
    },
)
async def cancel_job(dependencies: Dependencies, service: Service, job_id: Identifier, response: Response) -> JobView:
    """Cancel a job."""
    run = await service.cancel(job_id)
    if run.status == RunStatus.PROCESSING:
        response.status_code = 202
    return await read_job(dependencies, job_id)


@router.post(f"{ROOT}/{{job_id}}/retry", status_code=202, responses=problems(404, 409))
async def retry_job(dependencies: Dependencies, service: Service, job_id: Identifier, response: Response) -> JobView:
    """Go on with a job at what failed of it."""
    await service.retry(job_id)
    response.headers["Location"] = f"{ROOT}/{job_id}"
    return await read_job(dependencies, job_id)
