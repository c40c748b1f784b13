"""The journal of one claim of a run: stages, tries, items and events, every write behind the fence."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert

from moments_ray.database.session import WriteSession
from moments_ray.database.tables import Run, RunEvent, RunItem, RunStage
from moments_ray.engine.queries.claims import Claim
from moments_ray.engine.queries.journal_reader import ShownRun, WrittenEvent, lease_lost, shown_of
from moments_ray.engine.queries.journal_statements import (
    COMPLETE,
    COUNT_ITEMS,
    END,
    END_ITEM,
    FAIL,
    NOTE,
    SKIP,
    SPEND,
    START,
)
from moments_ray.engine.queries.rows import Row, row_of
from moments_ray.engine.queries.webhooks import Webhooks
from moments_ray.engine.usage import Usage
from moments_ray.errors import MomentsError
from moments_ray.states import RunStatus, StageStatus

_SECONDS = func.extract("epoch", func.now() - RunStage.started_at)


@dataclass(frozen=True)
class Verdict:
    """How a run ends: its event, and what is written with it; what is None stays as it is.

    What is still open of the run ends as ``open_stages``.
    """

    status: RunStatus
    event: str
    data: Mapping[str, Any]
    open_stages: StageStatus = StageStatus.FAILED
    errors: int | None = None
    result: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    error_stage: str | None = None
    progress: float | None = None


@dataclass(frozen=True)
class LastOutput:
    """The output of a run's last stage, to be committed together with the verdict that it brings."""

    stage: str
    output: dict[str, Any]
    fingerprint: str | None
    reused: bool = False


class StageJournal:
    """The life of a claim's stages, a statement a step; each lands only while the claim holds.

    Raises:
        LeaseLost: (from every method that writes) another worker owns the run, or it is finished.
    """

    def __init__(self, row: Row, claim: Claim) -> None:
        self._row = row
        self._claim = claim
        self.written: WrittenEvent | None = None

    async def start(self, stage: str, ordinal: int, *, node: str) -> int | None:
        """Begin a try of a stage and return its number, or None: its output stands; tries that died are closed."""
        answer = await self._write(START, stage, ordinal, node)
        if answer is None:
            return None
        number: int = answer["number"]
        self.written = WrittenEvent(answer["seq"], "stage.started", {"stage": stage, "number": number})
        return number

    async def complete(
        self, stage: str, output: dict[str, Any], *, fingerprint: str | None, progress: float, reused: bool = False
    ) -> float | None:
        """Commit a stage's output, its completion, and return its seconds, or None: another's stands."""
        data = _completion(stage, reused=reused)
        values = (json.dumps(output), fingerprint, progress, json.dumps(data))
        answer = await self._write(COMPLETE, stage, *values)
        if answer is None:
            return None
        self.written = WrittenEvent(answer["seq"], "stage.completed", data)
        seconds: float = answer["seconds"]
        return seconds

    async def skip(self, stage: str, ordinal: int, reason: str, *, progress: float) -> bool | None:
        """Record that a stage has nothing to do."""
        data = {"stage": stage, "reason": reason}
        answer = await self._write(SKIP, stage, ordinal, progress, json.dumps(data))
        if answer is None:
            return None
        self.written = WrittenEvent(answer["seq"], "stage.skipped", data)
        return True

    async def fail(self, stage: str, error: MomentsError, *, status: StageStatus = StageStatus.FAILED) -> bool | None:
        """Record that a try of a stage did not come through."""
        answer = await self._write(FAIL, stage, status.value, error.code, error.message)
        if answer is None:
            return None
        data = {"stage": stage, "code": error.code, "message": error.message}
        self.written = WrittenEvent(answer["seq"], f"stage.{status}", data)
        return True

    async def note(self, stage: str, item: str, key: str, value: Any) -> None:
        """Keep a value for the next try of a stage, or of its item, over what was noted under this key before."""
        await self._write(NOTE, stage, item, key, json.dumps(value))

    async def end_at_once(self, verdict: Verdict, last: LastOutput | None = None) -> ShownRun | None:
        """Write the verdict of a run of whose end nobody is to be told, and of which nothing is to be cleaned up.

        Of others, and of those whose claim is lost, nothing is written and None returned; so it is with a ``last``
        output of a stage that is not under way.
        """
        found = await self._end(verdict, last, with_more=False)
        return None if found is None else shown_of(found, last.stage if last else None)

    async def _end(
        self, verdict: Verdict, last: LastOutput | None = None, *, with_more: bool
    ) -> Mapping[str, Any] | None:
        documents = [None if each is None else json.dumps(each) for each in (verdict.result, verdict.error)]
        about = (verdict.open_stages.value, verdict.status.value, verdict.event, json.dumps(verdict.data))
        values = (*about, verdict.errors, *documents, verdict.error_stage, verdict.progress, with_more)
        output: tuple[str | None, ...] = (None,) * 4
        if last is not None:
            completion = json.dumps(_completion(last.stage, reused=last.reused))
            output = (last.stage, json.dumps(last.output), last.fingerprint, completion)
        run = await self._row(END, self._claim.key, self._claim.attempt, *values, *output)
        if run is not None:
            self.written = WrittenEvent(run["event_seq"], verdict.event, dict(verdict.data))
        return run

    async def _write(self, statement: str, stage: str, *values: object) -> Mapping[str, Any] | None:
        """Execute a statement and return its answer, or None where the stage's output stands already."""
        answer = await self._row(statement, self._claim.key, self._claim.attempt, stage, *values)
        if answer is None or not answer["held"]:
            raise lease_lost(self._claim)
        return answer if answer["seq"] is not None else None


class Journal(StageJournal):
    """Every write of one claim, in the transaction of a session."""

    def __init__(self, session: WriteSession, claim: Claim) -> None:
        super().__init__(row_of(session), claim)
        self._session = session

    async def event(self, event_type: str, data: Mapping[str, Any], **run_values: Any) -> int:
        """Append an event and return its sequence number; the fence and other run columns go in the same statement.

        An event that brings the run's end writes the webhook of it in the same transaction.
        """
        found = await self._session.execute(
            update(Run)
            .where(
                Run.id == self._claim.key,
                Run.attempt == self._claim.attempt,
                Run.status == RunStatus.PROCESSING,
            )
            .values(event_seq=Run.event_seq + 1, **run_values)
            .returning(Run.event_seq, Run.webhook_url)
        )
        run = found.first()
        if run is None:
            raise lease_lost(self._claim)
        seq: int = run.event_seq
        self.written = WrittenEvent(seq, event_type, dict(data))
        self._session.add(RunEvent(run_id=self._claim.key, seq=seq, type=event_type, data=dict(data)))
        if "status" in run_values and run.webhook_url is not None:
            await Webhooks(self._session).notify_end(self._claim.key)
        return seq

    async def spend(self, stage: str, usage: Usage) -> None:
        """Add what models took to the try of a stage that is under way; its end, or an item's, follows."""
        if usage:
            values = (usage.input_tokens, usage.output_tokens, usage.usd)
            await self._row(SPEND, self._claim.key, self._claim.attempt, stage, *values)

    async def plan_items(self, stage: str, items: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Write the items of a fan-out that are not there yet; those without an output get another try."""
        if not items:
            return
        rows = [
            {"run_id": self._claim.key, "stage": stage, "key": key, "ordinal": ordinal, "spec": spec}
            for ordinal, (key, spec) in enumerate(items)
        ]
        await self._session.execute(insert(RunItem).values(rows).on_conflict_do_nothing())
        await self._session.execute(
            update(RunItem)
            .where(RunItem.run_id == self._claim.key, RunItem.stage == stage, RunItem.output.is_(None))
            .values(status=StageStatus.PENDING, error=None)
        )
        await self._row(COUNT_ITEMS, self._claim.key, stage)

    async def complete_item(self, stage: str, key: str, output: dict[str, Any], *, of: int) -> float | None:
        """Commit one item's output, of so many; an item is progress, so the run is no poison.

        As for every end of an item, the share of the stage's items that have ended is returned, None where it had.
        """
        return await self._end_item(stage, key, StageStatus.COMPLETED, of, output=output)

    async def fail_item(self, stage: str, key: str, error: dict[str, Any], *, of: int) -> float | None:
        """Record that an item did not come out."""
        return await self._end_item(stage, key, StageStatus.FAILED, of, error=error)

    async def skip_item(self, stage: str, key: str, *, of: int) -> float | None:
        """Record that an item's earlier step failed, so that this one has nothing to work on."""
        return await self._end_item(stage, key, StageStatus.SKIPPED, of)

    async def end(self, verdict: Verdict) -> None:
        """Write the run's verdict, and its webhook."""
        run = await self._end(verdict, with_more=True)
        if run is None:
            raise lease_lost(self._claim)
        if run["webhook_url"] is not None:
            await Webhooks(self._session).notify_end(self._claim.key)

    async def _end_item(
        self,
        stage: str,
        key: str,
        status: StageStatus,
        of: int,
        *,
        output: dict[str, Any] | None = None,
        error: dict[str, Any] | None = None,
    ) -> float | None:
        data = {"stage": stage, "item": key, **(error or {})}
        values = [None if value is None else json.dumps(value) for value in (output, error)]
        answer = await self._write(END_ITEM, stage, key, status.value, *values, of, json.dumps(data), platform.node())
        if answer is None:
            return None
        self.written = WrittenEvent(answer["seq"], f"item.{status}", data)
        progress: float = answer["progress"]
        return progress


def _completion(stage: str, *, reused: bool) -> dict[str, Any]:
    return {"stage": stage, "reused": True} if reused else {"stage": stage}
