"""The journal of one claim of a run: stages, tries, items and events, every write behind the fence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import Run, RunAttempt, RunEvent, RunItem, RunStage
from moments_ray.engine.queries.webhooks import Webhooks
from moments_ray.errors import LeaseLost, MomentsError
from moments_ray.ids import RunId
from moments_ray.states import RunStatus, StageStatus

_SECONDS = func.extract("epoch", func.now() - RunStage.started_at)


@dataclass(frozen=True)
class Claim:
    """A worker's hold on a run: ``attempt`` is the fence."""

    key: int
    run: RunId
    attempt: int


@dataclass(frozen=True)
class WrittenEvent:
    """The last event that a transaction wrote; by it one can tell afterwards whether it was committed."""

    seq: int
    type: str
    data: dict[str, Any]


class Journal:
    """Writes of one claim; each lands only while the claim holds.

    Raises:
        LeaseLost: (from every method that writes) another worker owns the run, or it is finished.
    """

    def __init__(self, session: WriteSession, claim: Claim) -> None:
        self._session = session
        self._claim = claim
        self.written: WrittenEvent | None = None

    async def event(self, event_type: str, data: Mapping[str, Any], **run_values: Any) -> int:
        """Append an event and return its sequence number; the fence and other run columns go in the same statement.

        An event that brings the run's end writes the webhook of it in the same transaction.
        """
        seq = await self._session.scalar(
            update(Run)
            .where(
                Run.id == self._claim.key,
                Run.attempt == self._claim.attempt,
                Run.status == RunStatus.PROCESSING,
            )
            .values(event_seq=Run.event_seq + 1, **run_values)
            .returning(Run.event_seq)
        )
        if seq is None:
            raise LeaseLost(f"attempt {self._claim.attempt} of run {self._claim.run} does not own it any more")
        self.written = WrittenEvent(seq, event_type, dict(data))
        self._session.add(RunEvent(run_id=self._claim.key, seq=seq, type=event_type, data=dict(data)))
        if "status" in run_values:
            await Webhooks(self._session).tell_end(self._claim.key)
        return seq

    async def start(self, stage: str, ordinal: int, *, node: str) -> int:
        """Begin a try of a stage and return its number; tries whose process died are closed."""
        number = await self._next_number(stage)
        await self.event("stage.started", {"stage": stage, "number": number})
        await self._close_tries(RunAttempt.stage == stage)
        await self._upsert_stage(
            stage,
            {"ordinal": ordinal, "status": StageStatus.PROCESSING, "started_at": func.now(), "completed_at": None},
        )
        self._session.add(
            RunAttempt(
                run_id=self._claim.key,
                stage=stage,
                number=number,
                attempt=self._claim.attempt,
                node=node,
                status=StageStatus.PROCESSING,
            )
        )
        return number

    async def complete(
        self, stage: str, output: dict[str, Any], *, fingerprint: str | None, progress: float, reused: bool = False
    ) -> None:
        """Commit a stage's output; its presence is the stage's completion."""
        data = {"stage": stage, "reused": True} if reused else {"stage": stage}
        await self.event("stage.completed", data, progress=progress, deaths=0)
        await self._end_stage(stage, StageStatus.COMPLETED, output=output, fingerprint=fingerprint, progress=1.0)
        await self._end_try(stage, StageStatus.COMPLETED)

    async def skip(self, stage: str, ordinal: int, reason: str, *, progress: float) -> None:
        """Record that a stage has nothing to do."""
        await self.event("stage.skipped", {"stage": stage, "reason": reason}, progress=progress)
        await self._upsert_stage(
            stage,
            {
                "ordinal": ordinal,
                "status": StageStatus.SKIPPED,
                "progress": 1.0,
                "started_at": func.now(),
                "completed_at": func.now(),
                "seconds": 0.0,
            },
        )

    async def fail(self, stage: str, error: MomentsError, *, status: StageStatus = StageStatus.FAILED) -> None:
        """Record that a try of a stage did not come through."""
        await self.event(f"stage.{status}", {"stage": stage, "code": error.code, "message": error.message})
        await self._end_stage(stage, status)
        await self._end_try(stage, status, error)

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

    async def complete_item(self, stage: str, key: str, output: dict[str, Any]) -> None:
        """Commit one item's output; an item is progress, so the run is no poison."""
        await self.event("item.completed", {"stage": stage, "item": key}, deaths=0)
        await self._end_item(stage, key, StageStatus.COMPLETED, output=output, error=None)

    async def fail_item(self, stage: str, key: str, error: dict[str, Any]) -> None:
        """Record that an item did not come out."""
        await self.event("item.failed", {"stage": stage, "item": key, **error})
        await self._end_item(stage, key, StageStatus.FAILED, error=error)

    async def skip_item(self, stage: str, key: str) -> None:
        """Record that an item's earlier step failed, so that this one has nothing to work on."""
        await self.event("item.skipped", {"stage": stage, "item": key})
        await self._end_item(stage, key, StageStatus.SKIPPED)

    async def end(
        self,
        status: RunStatus,
        event_type: str,
        data: Mapping[str, Any],
        *,
        open_stages: StageStatus,
        **run_values: Any,
    ) -> None:
        """Write the run's verdict; what is still open of it ends as ``open_stages``."""
        await self._close_open(open_stages)
        await self.event(event_type, data, status=status, completed_at=func.now(), owner=None, **run_values)

    async def _close_open(self, status: StageStatus) -> None:
        """Close the stages and tries that the death of their processes, or the end of the run, left open."""
        await self._close_tries()
        await self._session.execute(
            update(RunStage)
            .where(RunStage.run_id == self._claim.key, RunStage.status == StageStatus.PROCESSING)
            .values(status=status, completed_at=func.now(), seconds=_SECONDS)
        )

    async def _next_number(self, stage: str) -> int:
        last = await self._session.scalar(
            select(func.max(RunAttempt.number)).where(RunAttempt.run_id == self._claim.key, RunAttempt.stage == stage)
        )
        return (last or 0) + 1

    async def _close_tries(self, *conditions: ColumnElement[bool]) -> None:
        await self._session.execute(
            update(RunAttempt)
            .where(RunAttempt.run_id == self._claim.key, RunAttempt.status == StageStatus.PROCESSING, *conditions)
            .values(
                status=StageStatus.FAILED,
                error_code="stage.crashed",
                error="The process running the stage died.",
                ended_at=func.now(),
            )
        )

    async def _upsert_stage(self, stage: str, values: dict[str, Any]) -> None:
        statement = insert(RunStage).values(run_id=self._claim.key, name=stage, **values)
        await self._session.execute(
            statement.on_conflict_do_update(index_elements=[RunStage.run_id, RunStage.name], set_=values)
        )

    async def _end_stage(self, stage: str, status: StageStatus, **values: Any) -> None:
        await self._session.execute(
            update(RunStage)
            .where(RunStage.run_id == self._claim.key, RunStage.name == stage)
            .values(status=status, completed_at=func.now(), seconds=_SECONDS, **values)
        )

    async def _end_try(self, stage: str, status: StageStatus, error: MomentsError | None = None) -> None:
        await self._session.execute(
            update(RunAttempt)
            .where(
                RunAttempt.run_id == self._claim.key,
                RunAttempt.stage == stage,
                RunAttempt.status == StageStatus.PROCESSING,
            )
            .values(
                status=status,
                error_code=error.code if error else None,
                error=error.message if error else None,
                ended_at=func.now(),
            )
        )

    async def _end_item(self, stage: str, key: str, status: StageStatus, **values: Any) -> None:
        await self._session.execute(
            update(RunItem)
            .where(RunItem.run_id == self._claim.key, RunItem.stage == stage, RunItem.key == key)
            .values(status=status, **values)
        )


class JournalReader:
    """What stands in the journal of a run."""

    def __init__(self, session: ReadSession | WriteSession, run_key: int) -> None:
        self._session = session
        self._key = run_key

    async def stages(self) -> dict[str, RunStage]:
        """Return the run's stages by name, in order."""
        found = await self._session.scalars(
            select(RunStage).where(RunStage.run_id == self._key).order_by(RunStage.ordinal)
        )
        return {stage.name: stage for stage in found}

    async def items(self, stage: str, keys: Sequence[str] | None = None) -> list[RunItem]:
        """Return a fan-out's items in the order of its plan, all or those named."""
        query = select(RunItem).where(RunItem.run_id == self._key, RunItem.stage == stage)
        if keys is not None:
            query = query.where(RunItem.key.in_(keys))
        return list(await self._session.scalars(query.order_by(RunItem.ordinal)))

    async def tries(self) -> list[RunAttempt]:
        """Return every try of every stage, oldest first."""
        query = select(RunAttempt).where(RunAttempt.run_id == self._key).order_by(RunAttempt.started_at)
        return list(await self._session.scalars(query))

    async def standing_output(self, subject: str, stage: str, fingerprint: str) -> dict[str, Any] | None:
        """Return what an earlier run of the subject made of the same inputs, or None."""
        return await self._session.scalar(
            select(RunStage.output)
            .join(Run, and_(Run.id == RunStage.run_id, Run.subject == subject))
            .where(
                RunStage.name == stage,
                RunStage.fingerprint == fingerprint,
                RunStage.status == StageStatus.COMPLETED,
                RunStage.run_id != self._key,
            )
            .order_by(RunStage.completed_at.desc())
            .limit(1)
        )

    async def holds(self, event: WrittenEvent) -> bool:
        """Tell whether exactly this event was committed."""
        same = select(RunEvent.data).where(RunEvent.run_id == self._key, RunEvent.seq == event.seq)
        return await self._session.scalar(same.where(RunEvent.type == event.type)) == event.data

    async def events(self, after: int = 0, limit: int = 500) -> list[RunEvent]:
        """Return events after a sequence number, in order."""
        query = select(RunEvent).where(RunEvent.run_id == self._key, RunEvent.seq > after)
        return list(await self._session.scalars(query.order_by(RunEvent.seq).limit(limit)))
