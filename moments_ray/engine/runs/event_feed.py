"""The events of all runs as they happen: read once a process, whoever listens, and none missed or given twice."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import structlog

from moments_ray.database.session import Database
from moments_ray.engine.queries.event_log import EventFilter, EventLog, LoggedEvent, RunAbout, Transactions
from moments_ray.engine.runs.notifier import Progress, RunNotifier
from moments_ray.errors import ServiceUnavailable

log = structlog.get_logger()

_BATCH = 500
_KEPT = 2000  # events in memory: listeners that are further behind read from PostgreSQL
_KNOWN_RUNS = 10_000
_PAUSE_SECONDS = 0.05  # between two reads: what happens meanwhile comes together
_UNSETTLED_SECONDS = 10.0  # for so long a transaction that took a number and did not commit is waited for
_AWAY_SECONDS = 1.0  # between tries to reach a PostgreSQL that is away


@dataclass(eq=False)
class FeedListener:
    """What a listener hears: that there is more, and how far stages are, the newest word of each."""

    moved: asyncio.Event = field(default_factory=asyncio.Event)
    progress: dict[tuple[str, str], tuple[RunAbout, Progress]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Gap:
    """Numbers up to ``until`` were seen, not all of them; they are final when ``before`` is the oldest transaction."""

    until: int
    before: int
    seen_at: float


class EventFeed:
    """The newest settled events of all runs.

    Events take their numbers before their transactions commit, so one may appear behind a higher number. A number is
    given out once all before it are there, or once every transaction that could still bring one of them has ended.
    """

    def __init__(self, database: Database, notifier: RunNotifier) -> None:
        self._database = database
        self._notifier = notifier
        self._lock = asyncio.Lock()
        self._position: int | None = None
        self._gap: _Gap | None = None
        self._recent: deque[LoggedEvent] = deque(maxlen=_KEPT)
        self._recent_after = 0  # `_recent` holds whatever comes after this position
        self._about: OrderedDict[str, RunAbout] = OrderedDict()
        self._listeners: set[FeedListener] = set()
        self._reading: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def listener(self) -> Iterator[FeedListener]:
        """Give what tells of more events and of progress; its owner clears it before reading."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._follow())
        listener = FeedListener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def position(self) -> int:
        """Return the number up to which all events are known now.

        Raises:
            DatabaseUnavailable: PostgreSQL cannot be reached.
        """
        await self._catch_up()
        assert self._position is not None  # noqa: S101 - it has been caught up with
        return self._position

    async def after(self, position: int, limit: int, wanted: EventFilter) -> tuple[Sequence[LoggedEvent], int]:
        """Return the next wanted events, and the number up to which there are no others; raises as ``position``."""
        if self._position is None:
            await self._catch_up()
        end = self._position or 0
        if position >= self._recent_after:
            found = list(
                islice((each for each in self._recent if each.position > position and wanted.takes(each.about)), limit)
            )
        else:
            async with self._database.read() as session:
                found = await EventLog(session).between(position, end, limit, wanted)
        return found, found[-1].position if len(found) == limit else max(position, end)

    async def newest(self, limit: int, wanted: EventFilter) -> tuple[Sequence[LoggedEvent], int]:
        """Return the last wanted events, and the number after which to go on; raises as ``position``."""
        end = await self.position()
        async with self._database.read() as session:
            return await EventLog(session).newest(end, limit, wanted), end

    async def close(self) -> None:
        """Stop reading."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _follow(self) -> None:
        with self._notifier.listener(None) as heard:
            while True:
                heard.moved.clear()
                progress = heard.take_progress()
                try:
                    await self._catch_up()
                    await self._relay(progress)
                except ServiceUnavailable as error:
                    log.warning("feed.read_failed", error=str(error))
                    await asyncio.sleep(_AWAY_SECONDS)
                    heard.moved.set()
                await asyncio.sleep(_PAUSE_SECONDS)
                if self._gap is None:
                    await heard.moved.wait()

    async def _catch_up(self) -> None:
        async with self._lock:
            if self._position is None:
                await self._begin()
            while await self._read():
                pass

    async def _begin(self) -> None:
        """Take up at the newest event, once whatever was being written then is there."""
        async with self._database.read() as session:
            end, then = await EventLog(session).end()
            deadline = asyncio.get_running_loop().time() + _UNSETTLED_SECONDS
            now = then
            while now.oldest < then.next and asyncio.get_running_loop().time() < deadline:
                await asyncio.sleep(_PAUSE_SECONDS)
                _, now = await EventLog(session).end()
        self._position = self._recent_after = end

    async def _read(self) -> bool:
        """Take in what is settled; tell whether there may be more."""
        assert self._position is not None  # noqa: S101 - it has begun
        async with self._database.read() as session:
            seen, transactions = await EventLog(session).visible(self._position, _BATCH)
        if transactions is None:
            self._gap = None
            return False
        final = self._final(transactions)
        settled: list[LoggedEvent] = []
        expected = self._position + 1
        for event in seen:
            if event.position != expected and event.position > final:
                break
            settled.append(event)
            expected = event.position + 1
        if settled:
            self._take(settled)
        behind = seen[len(settled) :]
        if not behind:
            self._gap = None
        elif self._gap is None:
            self._gap = _Gap(behind[-1].position, transactions.next, asyncio.get_running_loop().time())
        return len(seen) == _BATCH and bool(settled)

    def _final(self, transactions: Transactions) -> int:
        """Return the number up to which nothing can appear any more."""
        gap = self._gap
        if gap is None:
            return 0
        waited = asyncio.get_running_loop().time() - gap.seen_at
        if transactions.oldest < gap.before and waited < _UNSETTLED_SECONDS:
            return 0
        self._gap = None
        return gap.until

    def _take(self, events: Sequence[LoggedEvent]) -> None:
        overflow = len(self._recent) + len(events) - _KEPT
        if overflow > 0:
            self._recent_after = [*self._recent, *events][overflow - 1].position
        self._recent.extend(events)
        self._position = events[-1].position
        for event in events:
            self._remember(event.about)
        for listener in self._listeners:
            listener.moved.set()

    async def _relay(self, progress: Mapping[tuple[str, str], Progress]) -> None:
        unknown = {one.run for one in progress.values()} - self._about.keys()
        if unknown:
            async with self._database.read() as session:
                for about in await EventLog(session).about(unknown):
                    self._remember(about)
        told = {key: (self._about[one.run], one) for key, one in progress.items() if one.run in self._about}
        for listener in self._listeners if told else ():
            listener.progress.update(told)
            listener.moved.set()

    def _remember(self, about: RunAbout) -> None:
        self._about[about.run] = about
        self._about.move_to_end(about.run)
        while len(self._about) > _KNOWN_RUNS:
            self._about.popitem(last=False)
