"""The pipeline of a video, for those who poll."""

from __future__ import annotations

from fastapi import APIRouter, Response

from moments_ray.engine.queries.journal_reader import JournalReader
from moments_ray.engine.queries.run_lists import RunLists
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.live_status import status_fields
from moments_ray.errors import Conflict, NotFound
from moments_ray.http.dependencies import Dependencies, IdempotencyKey, Identifier
from moments_ray.http.paging import After, Limit, cursor_of
from moments_ray.http.problems import problems
from moments_ray.http.schemas.base import Page
from moments_ray.http.schemas.runs import HistoryEntry, RunView
from moments_ray.library.api.schemas import VideoStarted
from moments_ray.library.api.starting import STARTS, started
from moments_ray.library.queries.videos import Videos
from moments_ray.moments.api.dependencies import Starting
from moments_ray.moments.api.schemas import PipelineStatus, StartPipeline
from moments_ray.moments.options import RunOptions
from moments_ray.states import ACTIVE_RUN, RunStatus

router = APIRouter(prefix="/api", tags=["pipeline"])

_POLL_SECONDS = 2
_DEFAULTS = RunOptions()


@router.get("/pipeline/status/{video_id}", response_model=PipelineStatus, responses=problems(404))
@router.get(
    "/pipeline/{video_id}/status",
    response_model=PipelineStatus,
    responses=problems(404),
    operation_id="read_status_of_video",
)
async def read_pipeline_status(dependencies: Dependencies, video_id: Identifier) -> Response:
    """Return how the newest run of a video stands; ``Retry-After`` says when to ask again, and is not there at its end.

    The answer is Redis's while a run is active and for an hour after it, then PostgreSQL's.
    """
    status = await dependencies.live.read(video_id) or await _status_of_journal(dependencies, video_id)
    body = PipelineStatus.of(status).model_dump_json()
    headers = {"Cache-Control": "no-cache"}
    if status["status"] in ACTIVE_RUN:
        headers["Retry-After"] = str(_POLL_SECONDS)
    return Response(body, media_type="application/json", headers=headers)


@router.get("/pipeline/{video_id}/history", responses=problems(404))
async def list_pipeline_history(
    dependencies: Dependencies, video_id: Identifier, after: After, limit: Limit = 50
) -> Page[HistoryEntry]:
    """List the finished runs of a video, the newest first."""
    finished = [status for status in RunStatus if status.finished]
    async with dependencies.environment.database.read() as session:
        await Videos(session).get(video_id)
        page = await RunLists(session).runs(after, limit, subject=video_id, statuses=finished)
    return Page(items=[HistoryEntry.of(run) for run in page.rows], next_cursor=cursor_of(page.next_key))


@router.post("/pipeline/start", status_code=202, response_model=VideoStarted, responses=STARTS)
@router.post(
    "/generate_moments",
    status_code=202,
    response_model=VideoStarted,
    responses=STARTS,
    operation_id="generate_moments_of_url",
)
async def start_pipeline(
    starting: Starting, asked: StartPipeline, response: Response, key: IdempotencyKey = None
) -> VideoStarted:
    """Bring the video at a URL, or one that is here, to its moments."""
    options = RunOptions(**{name: getattr(asked, name) for name in RunOptions.model_fields})
    if asked.url is not None:
        return started(await starting.moments_of_url(asked.url, options, key), response)
    return started(await starting.moments(asked.video_id or "", options, key), response)


@router.post("/pipeline/{video_id}/start", status_code=202, response_model=VideoStarted, responses=STARTS)
async def start_pipeline_of_video(
    starting: Starting,
    video_id: Identifier,
    response: Response,
    options: RunOptions = _DEFAULTS,
    key: IdempotencyKey = None,
) -> VideoStarted:
    """Bring a video to its moments."""
    return started(await starting.moments(video_id, options, key), response)


@router.post("/videos/{video_id}/generate-moments", status_code=202, response_model=VideoStarted, responses=STARTS)
async def generate_moments(
    starting: Starting,
    video_id: Identifier,
    response: Response,
    options: RunOptions = _DEFAULTS,
    key: IdempotencyKey = None,
) -> VideoStarted:
    """Find a video's moments, and neither refine nor cut them."""
    return started(await starting.generation(video_id, options, key), response)


@router.post("/pipeline/{video_id}/cancel", status_code=202, responses=problems(404, 409))
async def cancel_pipeline(dependencies: Dependencies, video_id: Identifier) -> RunView:
    """Cancel the active run of a video."""
    async with dependencies.environment.database.read() as session:
        await Videos(session).get(video_id)
        active = await Runs(session).active(video_id)
    if active is None:
        raise Conflict(f"Video {video_id} has no active run to cancel.")
    return RunView.of(await dependencies.run_service.cancel(active.identifier))


async def _status_of_journal(dependencies: Dependencies, video_id: str) -> dict[str, str]:
    async with dependencies.environment.database.read() as session:
        await Videos(session).get(video_id)
        newest = (await RunLists(session).runs(None, 1, subject=video_id)).rows
        if not newest:
            raise NotFound(f"Video {video_id} has had no run yet.")
        stages = await JournalReader(session, newest[0].id).stages()
    return status_fields(newest[0], dependencies.environment.registry.get(newest[0].pipeline).stage_names, stages)
