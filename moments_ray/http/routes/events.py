"""What happens in all runs: one stream a browser, however many it follows."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from pydantic import Field

from moments_ray.engine.queries.event_log import EventFilter
from moments_ray.http.dependencies import Dependencies
from moments_ray.http.event_stream import EventStream, events_of_all
from moments_ray.http.paging import SSE, AfterEvent, Limit, last_event
from moments_ray.http.schemas.events import LoggedEventPage, LoggedEventView

router = APIRouter(prefix="/api/events", tags=["runs"])

_MOST = 100
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
PipelineName = Annotated[str, Field(pattern=r"^[\w.-]{1,100}$")]


@router.get(
    "",
    response_model=LoggedEventPage,
    responses={
        200: {
            "content": {SSE: {"schema": {"type": "string"}}},
            "description": "As a stream: first `position`, then every event with its position as `id`, and between "
            "them `progress` of stages and `ping`, which have none.",
        }
    },
)
async def list_events(
    dependencies: Dependencies,
    *,
    after: AfterEvent = None,
    limit: Limit = 100,
    run: Annotated[list[Name], Query(max_length=_MOST, description="of these runs alone")] = [],  # noqa: B006 - FastAPI copies it
    video: Annotated[list[Name], Query(max_length=_MOST, description="of runs on these videos alone")] = [],  # noqa: B006
    pipeline: Annotated[list[PipelineName], Query(max_length=_MOST, description="of these pipelines alone")] = [],  # noqa: B006
    accept: Annotated[str, Header(include_in_schema=False)] = "",
    last_event_id: Annotated[str | None, Header(description="of a stream that broke: it goes on there")] = None,
) -> LoggedEventPage | Response:
    """Return what happened in all runs after a position; without one, the newest.

    As ``text/event-stream``, where that is accepted, it goes on with what happens, from now on unless a position is
    given, with how far stages are, and without end.
    """
    wanted = EventFilter(frozenset(run), frozenset(video), frozenset(pipeline))
    if SSE in accept:
        begin = after if last_event_id is None else last_event(last_event_id)
        return EventStream(events_of_all(dependencies, begin, wanted))
    feed = dependencies.feed
    if after is None:
        events, reached = await feed.newest(limit, wanted)
    else:
        await feed.position()
        events, reached = await feed.after(after, limit, wanted)
    return LoggedEventPage(items=[LoggedEventView.of_log(event) for event in events], next_cursor=str(reached))
