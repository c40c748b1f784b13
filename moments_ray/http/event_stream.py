"""A run's events as a stream: read from PostgreSQL at the reader's pace, so that nothing is queued and nothing lost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import structlog
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.types import Receive, Scope, Send

from moments_ray.database.tables import Run, RunEvent
from moments_ray.engine.queries.journal_reader import JournalReader
from moments_ray.engine.queries.runs import Runs
from moments_ray.http.container import Container
from moments_ray.http.schemas.runs import EventView
from moments_ray.states import RunStatus

log = structlog.get_logger()

_BATCH = 100
_PING_SECONDS = 15
_SEND_SECONDS = 30.0  # a reader that takes nothing for so long is let go; it comes back with Last-Event-ID


class EventStream(EventSourceResponse):
    """Events after a sequence number, then those that happen, until the run is finished."""

    def __init__(self, container: Container, run: str, after: int) -> None:
        super().__init__(
            _events(container, run, after),
            ping=_PING_SECONDS,
            send_timeout=_SEND_SECONDS,
            headers={"Cache-Control": "no-store"},
        )
        self._run = run

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the run's end, or until the reader has taken nothing for too long."""
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            log.info(
                "stream.closed_slow_reader", run=self._run
            )  # no error of ours; whoever carries the connection closes it


async def events_after(container: Container, run: str, after: int, limit: int) -> tuple[Run, Sequence[RunEvent]]:
    """Return a run and its next events.

    Raises:
        NotFound: there is no such run.
    """
    async with container.environment.database.read() as session:
        found = await Runs(session).get(run)
        return found, await JournalReader(session, found.id).events(after, limit)


async def _events(container: Container, run: str, after: int) -> AsyncIterator[ServerSentEvent]:
    with container.notifier.listener(run) as moved:
        while True:
            moved.clear()
            found, events = await events_after(container, run, after, _BATCH)  # no session is held while sending
            for event in events:
                yield ServerSentEvent(EventView.of(event).model_dump_json(), event=event.type, id=str(event.seq))
                after = event.seq
            if RunStatus(found.status).finished and after >= found.event_seq:
                return
            if not events:
                await moved.wait()
