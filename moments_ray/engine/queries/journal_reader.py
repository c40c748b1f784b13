"""What stands in the journal of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, select

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import Run, RunAttempt, RunEvent, RunItem, RunNote, RunStage
from moments_ray.engine.queries.claims import Claim
from moments_ray.engine.queries.journal_statements import HAPPENED, LOAD, SHOWN
from moments_ray.engine.queries.rows import Row, entity_of, run_of
from moments_ray.errors import LeaseLost, NotFound
from moments_ray.ids import RunId
from moments_ray.states import StageStatus


@dataclass(frozen=True)
class WrittenEvent:
    """The last event that a transaction wrote; by it one can tell afterwards whether it was committed."""

    seq: int
    type: str
    data: dict[str, Any]


@dataclass(frozen=True)
class StageRecord:
    """A stage as those that execute its run know it."""

    status: StageStatus
    output: dict[str, Any] | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class RunSnapshot:
    """A claimed run with its journal as it stood at event ``event_seq``; it travels between processes."""

    claim: Claim
    pipeline: str
    subject: str
    exclusive_key: str | None
    video_key: int | None
    tries: int | None  # of each stage and item, over its own number
    noted: bool  # whether an earlier try noted something
    config: dict[str, Any]
    event_seq: int
    stages: Mapping[str, StageRecord]
    begun: str | None = None  # the stage whose try began with the claim, and which nobody works on yet


async def load_snapshot(row: Row, claim: Claim) -> RunSnapshot:
    """Read a run and its journal.

    Raises:
        LeaseLost: there is no such run any more.
    """
    found = await row(LOAD, claim.key)
    if found is None:
        raise lease_lost(claim)
    stages = {
        name: StageRecord(StageStatus(stage["status"]), stage["output"], stage["seconds"])
        for name, stage in found["stages"].items()
    }
    return RunSnapshot(
        claim,
        found["pipeline"],
        found["subject"],
        found["exclusive_key"],
        found["video_id"],
        found["tries"],
        found["noted"],
        found["config"],
        found["event_seq"],
        stages,
    )


def first_snapshot(run: Run, begun: str | None) -> RunSnapshot:
    """Return a run as it stands after its first claim: of its stages at most that is begun which came with it."""
    about = (run.pipeline, run.subject, run.exclusive_key, run.video_id, run.tries)
    claim, stages = Claim(run.id, RunId(run.identifier), run.attempt), {}
    if begun is not None:
        stages[begun] = StageRecord(StageStatus.PROCESSING)
    return RunSnapshot(claim, *about, False, run.config, run.event_seq, stages, begun)


class ShownRun(NamedTuple):
    """A run and its stages by name, without their outputs: what its live status shows.

    ``ended_by`` is the stage whose output was committed together with the run's verdict, if one was.
    """

    run: Run
    stages: Mapping[str, RunStage]
    ended_by: str | None = None


async def shown_run(row: Row, claim: Claim) -> ShownRun:
    """Return a run as its live status shows it.

    Raises:
        NotFound: there is no such run any more.
    """
    found = await row(SHOWN, claim.run)
    if found is None:
        raise NotFound(f"There is no run {claim.run}")
    return shown_of(found)


def shown_of(found: Mapping[str, Any], ended_by: str | None = None) -> ShownRun:
    """Return the run of a row that has all its columns, and its stages."""
    stages = {stage["name"]: entity_of(RunStage, _with_times(stage)) for stage in found["stages"]}
    return ShownRun(run_of(found), stages, ended_by)


def _with_times(stage: Mapping[str, Any]) -> dict[str, Any]:
    times = {name: stage[name] and datetime.fromisoformat(stage[name]) for name in ("started_at", "completed_at")}
    return {**stage, **times}


async def happened(row: Row, claim: Claim, after: int, event: str, stage: str | None) -> bool:
    """Tell whether such an event, about a stage or about none, was written after the event of this number."""
    return await row(HAPPENED, claim.key, after, event, stage) is not None


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

    async def standing_output(self, run: RunSnapshot, stage: str, fingerprint: str) -> dict[str, Any] | None:
        """Return what another run over the same video, or subject where there is none, made of the same inputs."""
        same = Run.subject == run.subject if run.video_key is None else Run.video_id == run.video_key
        return await self._session.scalar(
            select(RunStage.output)
            .join(Run, and_(Run.id == RunStage.run_id, same))
            .where(
                RunStage.name == stage,
                RunStage.fingerprint == fingerprint,
                RunStage.status == StageStatus.COMPLETED,
                RunStage.run_id != self._key,
            )
            .order_by(RunStage.completed_at.desc())
            .limit(1)
        )

    async def notes(self, stage: str, item: str) -> dict[str, Any]:
        """Return what earlier tries of a stage, or of its item, noted."""
        query = select(RunNote.key, RunNote.value).where(
            RunNote.run_id == self._key, RunNote.stage == stage, RunNote.item == item
        )
        return dict((await self._session.execute(query)).tuples().all())

    async def holds(self, event: WrittenEvent) -> bool:
        """Tell whether exactly this event was committed."""
        same = select(RunEvent.data).where(RunEvent.run_id == self._key, RunEvent.seq == event.seq)
        return await self._session.scalar(same.where(RunEvent.type == event.type)) == event.data

    async def events(self, after: int = 0, limit: int = 500) -> list[RunEvent]:
        """Return events after a sequence number, in order."""
        query = select(RunEvent).where(RunEvent.run_id == self._key, RunEvent.seq > after)
        return list(await self._session.scalars(query.order_by(RunEvent.seq).limit(limit)))


def lease_lost(claim: Claim) -> LeaseLost:
    """Return the error of a claim that does not hold any more."""
    return LeaseLost(f"Attempt {claim.attempt} of run {claim.run} does not own it any more.")
