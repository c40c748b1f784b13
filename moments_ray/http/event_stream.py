"""Events as streams: read at the reader's pace, so that nothing is queued and nothing lost; progress between them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence

import structlog
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.types import Receive, Scope, Send

from moments_ray.database.tables import Run, RunEvent
from moments_ray.engine.queries.event_log import EventFilter
from moments_ray.engine.queries.journal_reader import JournalReader
from moments_ray.engine.queries.runs import Runs
from moments_ray.http.container import Container
from moments_ray.http.schemas.events import LoggedEventView, ProgressView
from moments_ray.http.schemas.runs import EventView
from moments_ray.states import RunStatus

log = structlog.get_logger()

_BATCH = 100
_PING_SECONDS = 15
_SEND_SECONDS = 30.0  # a reader that takes nothing for so long is let go; it comes back with Last-Event-ID


class EventStream(EventSourceResponse):
    """Events that go on until they are at their end, or until the reader has taken nothing for too long.

    Progress has no id: a stream that broke goes on after the last event that had one.
    """

    def __init__(self, events: AsyncIterator[ServerSentEvent], *, send_seconds: float = _SEND_SECONDS) -> None:
        super().__init__(
            events,
            ping=_PING_SECONDS,
            ping_message_factory=lambda: ServerSentEvent("{}", event="ping"),  # a comment is hidden from pages
            send_timeout=send_seconds,
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the end, or until the reader has taken nothing for too long."""
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            log.info("stream.closed_slow_reader")  # no error of ours; whoever carries the connection closes it


async def events_after(container: Container, run: str, after: int, limit: int) -> tuple[Run, Sequence[RunEvent]]:
    """Return a run and its next events.

    Raises:
        NotFound: there is no such run.
    """
    async with container.environment.database.read() as session:
        found = await Runs(session).get(run)
        return found, await JournalReader(session, found.id).events(after, limit)


async def events_of_run(container: Container, run: str, after: int) -> AsyncIterator[ServerSentEvent]:
    """Yield a run's events after a sequence number, then those that happen, until it is finished."""
    with container.notifier.listener(run) as heard:
        while True:
            heard.moved.clear()
            progress = heard.take_progress()
            found, events = await events_after(container, run, after, _BATCH)  # no session is held while sending
            for event in events:
                yield ServerSentEvent(EventView.of(event).model_dump_json(), event=event.type, id=str(event.seq))
                after = event.seq
            if RunStatus(found.status).finished and after >= found.event_seq:
                return
            for one in progress.values():
                yield _progress({"stage": one.stage, "progress": one.fraction})
            if not events:
                await heard.moved.wait()


async def events_of_all(container: Container, after: int | None, wanted: EventFilter) -> AsyncIterator[ServerSentEvent]:
    """Yield the wanted events of all runs after a position, or from now on, for ever."""
    feed = container.feed
    with feed.listener() as heard:
        end = await feed.position()
        position = end if after is None else min(after, end)  # one beyond is of a database that is no more
        yield _position(position)
        while True:
            heard.moved.clear()
            progress, heard.progress = heard.progress, {}
            events, reached = await feed.after(position, _BATCH, wanted)
            for event in events:
                shown = LoggedEventView.of_log(event).model_dump_json()
                yield ServerSentEvent(shown, event=event.type, id=str(event.position))
            for about, one in progress.values():
                if wanted.takes(about):
                    yield _progress(ProgressView.of(about, one).model_dump(mode="json"))
            if not events:
                await heard.moved.wait()
            position = reached


def _position(position: int) -> ServerSentEvent:
    """Tell where the stream begins, so that one that breaks before its first event misses nothing, either."""
    return ServerSentEvent(json.dumps({"position": position}), event="position", id=str(position))


def _progress(shown: dict[str, object]) -> ServerSentEvent:
    return ServerSentEvent(json.dumps(shown), event="progress")
