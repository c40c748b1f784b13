"""Runs of every pipeline: listed, looked at, followed."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field

from moments_ray.database.tables import Run
from moments_ray.engine.queries.journal_reader import JournalReader
from moments_ray.engine.queries.run_lists import RunFilter, RunLists, RunSort, order_of_runs
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.queries.webhooks import Webhooks
from moments_ray.errors import Conflict
from moments_ray.http.container import Container
from moments_ray.http.dependencies import Dependencies, IdempotencyKey, Identifier
from moments_ray.http.event_stream import EventStream, events_after, events_of_run
from moments_ray.http.orders import checked_webhook, order_of
from moments_ray.http.paging import SSE, AfterEvent, Cursor, Limit, counted, last_event, place_of
from moments_ray.http.problems import problems
from moments_ray.http.schemas.base import CountedPage, RequestBody
from moments_ray.http.schemas.bulk import BulkResult, Identifiers, each_of
from moments_ray.http.schemas.options import storable
from moments_ray.http.schemas.runs import EventPage, EventView, RunDetail, RunStarted, RunView, StartRun, stage_briefs
from moments_ray.states import RunStatus

router = APIRouter(prefix="/api/runs", tags=["runs"])

_NAME = r"^[A-Za-z0-9_-]{1,64}$"
PipelineName = Annotated[str, Field(pattern=r"^[\w.-]{1,100}$")]


async def _wanted(
    *,
    status: Annotated[list[RunStatus], Query(max_length=6, description="any of these")] = [],  # noqa: B006 - FastAPI copies it
    active: Annotated[bool | None, Query(description="queued or processing; false: finished")] = None,
    pipeline: Annotated[list[PipelineName], Query(max_length=50, description="any of these")] = [],  # noqa: B006
    priority: Annotated[
        list[Annotated[int, Field(ge=0, le=10)]], Query(max_length=11, description="any of these")
    ] = [],  # noqa: B006
    subject: Annotated[str | None, Query(pattern=_NAME, description="what it is about")] = None,
    video: Annotated[str | None, Query(pattern=_NAME, description="that it works on")] = None,
    since: Annotated[AwareDatetime | None, Query(description="queued then or later")] = None,
    until: Annotated[AwareDatetime | None, Query(description="queued before")] = None,
    q: Annotated[
        str | None,
        Query(min_length=1, max_length=500, description="an identifier's beginning, or a part of the video's title"),
        AfterValidator(storable),
    ] = None,
) -> RunFilter:
    statuses = set(status or RunStatus)
    if active is not None:
        statuses &= {each for each in RunStatus if each.finished is not active}
    return RunFilter(
        statuses=None if len(statuses) == len(RunStatus) else statuses,
        pipelines=tuple(pipeline),
        priorities=tuple(priority),
        subject=subject,
        video=video,
        since=since,
        until=until,
        q=q,
    )


Wanted = Annotated[RunFilter, Depends(_wanted)]


@router.get("")
async def list_runs(
    dependencies: Dependencies,
    wanted: Wanted,
    *,
    sort: RunSort = "newest",
    include: Annotated[list[Literal["stages"]], Query(max_length=1)] = [],  # noqa: B006 - FastAPI copies it
    cursor: Cursor = None,
    limit: Limit = 50,
) -> CountedPage[RunView]:
    """List runs, the newest first unless they are sorted otherwise."""
    order = order_of_runs(sort)
    after = place_of(cursor, sort, order)
    async with dependencies.environment.database.read() as session:
        lists = RunLists(session)
        page, total = await lists.page(wanted, order, after, limit), await lists.total(wanted)
        videos = await lists.video_names(page.rows)
        stages = await lists.stages(page.rows) if include else {}
    names = dependencies.environment.registry.stage_names
    items = [
        RunView.of(
            run,
            videos.get(run.video_id or 0),
            stage_briefs(names(run.pipeline), stages[run.id]) if include else None,
        )
        for run in page.rows
    ]
    return counted(items, sort, page, total)


@router.post(
    "",
    status_code=202,
    responses={
        200: {"model": RunStarted, "description": "A run did exactly this before, and nothing was started."},
        202: {"headers": {"Location": {"description": "the run", "schema": {"type": "string"}}}},
        **problems(404, 409),
    },
)
async def start_run(
    dependencies: Dependencies, body: StartRun, response: Response, key: IdempotencyKey = None
) -> RunStarted:
    """Start any registered pipeline; with `force` although a run did exactly this before."""
    await checked_webhook(body, dependencies.environment.settings.download)
    order = order_of(body, key, deadline_seconds=body.deadline_seconds, tries=body.tries, metadata=body.metadata)
    started = await dependencies.run_service.start_by_name(body.pipeline, body.request, order)
    response.headers["Location"] = f"/api/runs/{started.run.identifier}"
    if started.reused:
        response.status_code = 200
    return RunStarted.of_start(started.run, reused=started.reused)


class RunsInBulk(RequestBody):
    """Which runs, and what to do with each."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"action": "retry", "ids": ["5e8d9d5e-6c0e-4c36-8a77-5a3f3b0a2f10"]}]}
    )

    action: Literal["cancel", "retry"]
    ids: Identifiers


@router.post("/bulk")
async def act_on_runs(dependencies: Dependencies, asked: RunsInBulk) -> BulkResult:
    """Cancel or retry many runs; each is answered for itself."""

    async def act(run: str) -> str | None:
        if asked.action == "retry":
            return (await dependencies.run_service.retry(run)).identifier
        return (await _cancelled(dependencies, run)).identifier

    return await each_of(asked.ids, act)


@router.get("/{run_id}", responses=problems(404))
async def read_run(dependencies: Dependencies, run_id: Identifier) -> RunDetail:
    """Return a run with its stages, every try of them, and how the webhooks of its ends stand."""
    async with dependencies.environment.database.read() as session:
        run = await Runs(session).get(run_id)
        reader = JournalReader(session, run.id)
        stages, tries = await reader.stages(), await reader.tries()
        deliveries = await Webhooks(session).of_run(run.id)
        video = (await RunLists(session).video_names([run])).get(run.video_id or 0)
    names = dependencies.environment.registry.get(run.pipeline).stage_names
    live = await dependencies.live.stage_progress(run)
    return RunDetail.of_journal(run, names, stages, tries, deliveries, video=video, live=live)


@router.get(
    "/{run_id}/events",
    response_model=EventPage,
    responses={
        200: {"content": {SSE: {"schema": {"type": "string"}}}},
        204: {"description": "To a stream that would be empty: the run is finished, and its last event is known."},
        **problems(404),
    },
)
async def list_run_events(
    dependencies: Dependencies,
    run_id: Identifier,
    *,
    after: AfterEvent = None,
    limit: Limit = 100,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
    last_event_id: Annotated[str | None, Header(description="of a stream that broke: it goes on there")] = None,
) -> EventPage | Response:
    """Return a run's events; as ``text/event-stream``, where that is accepted, until the run is finished."""
    after = after or 0
    if SSE not in accept:
        run, events = await events_after(dependencies, run_id, after, limit)
        last = events[-1].seq if events else after
        over = RunStatus(run.status).finished and last >= run.event_seq
        return EventPage(items=[EventView.of(event) for event in events], next_cursor=None if over else str(last))
    if last_event_id is not None:
        after = last_event(last_event_id)
    run, events = await events_after(dependencies, run_id, after, 1)
    if RunStatus(run.status).finished and not events:
        return Response(status_code=204)  # tells a browser's EventSource not to come again
    return EventStream(events_of_run(dependencies, run_id, after))


@router.post("/{run_id}/cancel", status_code=202, responses=problems(404, 409))
async def cancel_run(dependencies: Dependencies, run_id: Identifier) -> RunView:
    """Ask a run to stop; asking again changes nothing, and a run that ended otherwise cannot be cancelled any more."""
    return RunView.of(await _cancelled(dependencies, run_id))


@router.post("/{run_id}/retry", status_code=202, responses=problems(404, 409))
async def retry_run(dependencies: Dependencies, run_id: Identifier, response: Response) -> RunView:
    """Continue a run from its failed stage or items, as a new attempt."""
    run = await dependencies.run_service.retry(run_id)
    response.headers["Location"] = f"/api/runs/{run_id}"
    return RunView.of(run)


async def _cancelled(container: Container, identifier: str) -> Run:
    """Ask a run to stop.

    Raises:
        Conflict: it ended otherwise.
    """
    run = await container.run_service.cancel(identifier)
    if RunStatus(run.status).finished and run.status != RunStatus.CANCELLED:
        raise Conflict(f"Run {identifier} is {run.status}; there is nothing to cancel.")
    return run
