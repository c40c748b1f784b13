"""Writes of a claim that come to their end: over cancellation, over outages of PostgreSQL, over lost answers."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

import stamina

from moments_ray.database.session import Database, WriteSession
from moments_ray.engine.queries.claims import Claim
from moments_ray.engine.queries.journal import Journal, LastOutput, StageJournal, Verdict
from moments_ray.engine.queries.journal_reader import JournalReader, ShownRun, WrittenEvent, happened, shown_run
from moments_ray.errors import DatabaseUnavailable

P = ParamSpec("P")
T = TypeVar("T")

# A PostgreSQL that went away is waited for this long, before a result is given up.
_again = stamina.retry(on=DatabaseUnavailable, attempts=None, timeout=60.0, wait_initial=0.2, wait_max=5.0)


def over_outages(work: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Have work that PostgreSQL went away from done again, until it is back or has been away for a minute.

    Only after a failure by the library: every write of every run comes by here, and each of its calls makes dozens of
    objects.
    """

    @functools.wraps(work)
    async def done_again(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await work(*args, **kwargs)
        except DatabaseUnavailable:
            return await _again(work)(*args, **kwargs)

    return done_again


class ClaimWrites:
    """Fenced writes of one claim; ``seq`` is the number of the last event that is known to be written."""

    def __init__(self, database: Database, claim: Claim, seq: int) -> None:
        self._database = database
        self._claim = claim
        self.seq = seq

    async def commit(self, work: Callable[[Journal, WriteSession], Awaitable[T]]) -> T:
        """Write in one transaction, to its end although cancelled, again when PostgreSQL went away for a while.

        A commit whose answer was lost is looked up first: if it happened, its ``work`` is not done a second time.

        Raises:
            LeaseLost: the claim does not hold any more; nothing was written.
        """
        unknown: tuple[WrittenEvent, T] | None = None

        @over_outages
        async def transaction() -> T:
            nonlocal unknown
            async with self._database.begin() as session:
                if unknown is not None and await JournalReader(session, self._claim.key).holds(unknown[0]):
                    return unknown[1]
                journal = Journal(session, self._claim)
                answer = await work(journal, session)
                unknown = (journal.written, answer) if journal.written else None
                return answer

        answer = await _to_its_end(transaction())
        if unknown is not None:
            self.seq = max(self.seq, unknown[0].seq)
        return answer

    async def statement(self, event: str, stage: str, work: Callable[[StageJournal], Awaitable[T]]) -> T | None:
        """Write by one statement that commits itself, to its end although cancelled, again after an outage.

        Where an answer was lost, its event is looked for first. None is returned where that was there, or where the
        statement found the stage's output standing: then what is known of the run is out of date.

        Raises:
            LeaseLost: the claim does not hold any more; nothing was written.
        """
        row, unanswered = self._database.row, False

        @over_outages
        async def attempted() -> T | None:
            nonlocal unanswered
            journal = StageJournal(row, self._claim)
            if unanswered and await happened(row, self._claim, self.seq, event, stage):
                return None
            unanswered = True
            answer = await work(journal)
            if journal.written is None:
                return None
            self.seq = journal.written.seq
            return answer

        return await _to_its_end(attempted())

    async def end_at_once(self, verdict: Verdict, last: LastOutput | None = None) -> ShownRun | None:
        """As ``statement``, of the run's verdict, and the output that brings it, if it is not written yet.

        The run as it is then is returned, or None where there is more to its end: then nothing was written.
        """
        row, unanswered = self._database.row, False

        @over_outages
        async def attempted() -> ShownRun | None:
            nonlocal unanswered
            if unanswered and await happened(row, self._claim, self.seq, verdict.event, verdict.data.get("stage")):
                return await shown_run(row, self._claim)
            unanswered = True
            return await StageJournal(self._database.row_together, self._claim).end_at_once(verdict, last)

        return await _to_its_end(attempted())


async def _to_its_end(work: Coroutine[Any, Any, T]) -> T:
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
