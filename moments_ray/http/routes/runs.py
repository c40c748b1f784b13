"""Runs of every pipeline: listed, looked at, followed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from moments_ray.engine.queries.journal_reader import JournalReader
from moments_ray.engine.queries.run_lists import RunLists
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.queries.webhooks import Webhooks
from moments_ray.errors import Conflict, InvalidRequest
from moments_ray.http.dependencies import Dependencies, IdempotencyKey, Identifier
from moments_ray.http.event_stream import EventStream, events_after
from moments_ray.http.orders import checked_webhook, order_of
from moments_ray.http.paging import After, Limit, cursor_of
from moments_ray.http.problems import problems
from moments_ray.http.schemas.base import Page
from moments_ray.http.schemas.runs import EventPage, EventView, RunDetail, RunStarted, RunView, StartRun
from moments_ray.states import RunStatus

router = APIRouter(prefix="/api/runs", tags=["runs"])

_LARGEST_SEQ = 2**63 - 1
_SSE = "text/event-stream"

Seq = Annotated[int, Query(ge=0, le=_LARGEST_SEQ, description="the last `seq` that is known")]


@router.get("")
async def list_runs(
    dependencies: Dependencies,
    after: After,
    *,
    limit: Limit = 50,
    status: Annotated[RunStatus | None, Query()] = None,
    pipeline: Annotated[str | None, Query(pattern=r"^[\w.-]{1,100}$")] = None,
    subject: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="a video's identifier")] = None,
) -> Page[RunView]:
    """List runs, the newest first."""
    async with dependencies.environment.database.read() as session:
        page = await RunLists(session).runs(
            after, limit, subject=subject, pipeline=pipeline, statuses=[status] if status else []
        )
    return Page(items=[RunView.of(run) for run in page.rows], next_cursor=cursor_of(page.next_key))


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


@router.get("/{run_id}", responses=problems(404))
async def read_run(dependencies: Dependencies, run_id: Identifier) -> RunDetail:
    """Return a run with its stages, every try of them, and how the webhooks of its ends stand."""
    async with dependencies.environment.database.read() as session:
        run = await Runs(session).get(run_id)
        reader = JournalReader(session, run.id)
        stages, tries = await reader.stages(), await reader.tries()
        deliveries = await Webhooks(session).of_run(run.id)
    names = dependencies.environment.registry.get(run.pipeline).stage_names
    return RunDetail.of_journal(run, names, stages, tries, deliveries)


@router.get(
    "/{run_id}/events",
    response_model=EventPage,
    responses={
        200: {"content": {_SSE: {"schema": {"type": "string"}}}},
        204: {"description": "To a stream that would be empty: the run is finished, and its last event is known."},
        **problems(404),
    },
)
async def list_run_events(
    dependencies: Dependencies,
    run_id: Identifier,
    *,
    after: Seq = 0,
    limit: Limit = 100,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
    last_event_id: Annotated[str | None, Header(description="of a stream that broke: it goes on there")] = None,
) -> EventPage | Response:
    """Return a run's events; as ``text/event-stream``, where that is accepted, until the run is finished."""
    if _SSE not in accept:
        run, events = await events_after(dependencies, run_id, after, limit)
        last = events[-1].seq if events else after
        over = RunStatus(run.status).finished and last >= run.event_seq
        return EventPage(items=[EventView.of(event) for event in events], next_cursor=None if over else str(last))
    if last_event_id is not None:
        after = _seq(last_event_id)
    run, events = await events_after(dependencies, run_id, after, 1)
    if RunStatus(run.status).finished and not events:
        return Response(status_code=204)  # tells a browser's EventSource not to come again
    return EventStream(dependencies, run_id, after)


def _seq(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < len(str(_LARGEST_SEQ))):
        raise InvalidRequest("Last-Event-ID: this is not one that the stream gave.")
    return int(text)


@router.post("/{run_id}/cancel", status_code=202, responses=problems(404, 409))
async def cancel_run(dependencies: Dependencies, run_id: Identifier) -> RunView:
    """Ask a run to stop; asking again changes nothing, and a run that ended otherwise cannot be cancelled any more."""
    run = await dependencies.run_service.cancel(run_id)
    if RunStatus(run.status).finished and run.status != RunStatus.CANCELLED:
        raise Conflict(f"Run {run_id} is {run.status}; there is nothing to cancel.")
    return RunView.of(run)


@router.post("/{run_id}/retry", status_code=202, responses=problems(404, 409))
async def retry_run(dependencies: Dependencies, run_id: Identifier, response: Response) -> RunView:
    """Continue a run from its failed stage or items, as a new attempt."""
    run = await dependencies.run_service.retry(run_id)
    response.headers["Location"] = f"/api/runs/{run_id}"
    return RunView.of(run)
