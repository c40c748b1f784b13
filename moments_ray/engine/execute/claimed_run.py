"""A run as the process that executes a part of it holds it: what stands in its journal, and fenced writes to it."""

from __future__ import annotations

import asyncio
import platform
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import BaseModel, JsonValue

from moments_ray.database.session import WriteSession
from moments_ray.engine.context import Context, Write
from moments_ray.engine.environment import Environment, RunRef, key_name
from moments_ray.engine.execute.claim_writes import ClaimWrites, over_outages
from moments_ray.engine.execute.outcome import unforeseen, within_deadline
from moments_ray.engine.execute.run_values import completed, given
from moments_ray.engine.pipeline import Step
from moments_ray.engine.queries.claims import Claim
from moments_ray.engine.queries.journal import Journal, LastOutput, StageJournal, Verdict
from moments_ray.engine.queries.journal_reader import JournalReader, RunSnapshot, ShownRun, StageRecord, load_snapshot
from moments_ray.engine.scratch import remove_scratch
from moments_ray.engine.usage import Usage
from moments_ray.errors import LeaseLost, MomentsError, RunCancelled
from moments_ray.states import StageStatus

T = TypeVar("T")


@dataclass(frozen=True)
class NewOutput:
    """An output that is to be committed; ``fingerprint`` is of what it was made from."""

    output: dict[str, Any]
    fingerprint: str
    writes: Sequence[Write] = ()
    reused: bool = False


@dataclass(frozen=True)
class RunEnd:
    """The verdict that a run has, and how it stands after it."""

    verdict: Verdict
    shown: ShownRun


class ClaimedRun:
    """One claim of a run, with its pipeline and what stood in its journal when it was loaded.

    With ``ends``, the output of its last stage is committed together with the verdict, where there is no more to that.
    """

    def __init__(
        self, environment: Environment, snapshot: RunSnapshot, *, gpus: float = 0.0, ends: bool = False
    ) -> None:
        self.environment = environment
        self.claim = snapshot.claim
        self.run = snapshot
        self.pipeline = environment.registry.get(snapshot.pipeline)
        self.stages = dict(snapshot.stages)
        self.writes = ClaimWrites(environment.database, snapshot.claim, snapshot.event_seq)
        self.end: RunEnd | None = None
        self._ends = ends
        self._begun = snapshot.begun
        self._gpus = gpus
        self._spent = Usage()
        self._noted = snapshot.noted
        self._unshown: list[tuple[str, StageStatus]] = []

    @classmethod
    @over_outages
    async def load(cls, environment: Environment, claim: Claim) -> ClaimedRun:
        """Read a run and its journal."""
        return cls(environment, await load_snapshot(environment.database.row, claim))

    @property
    def snapshot(self) -> RunSnapshot:
        """The run as this process knows it now, for the process that goes on with it."""
        return replace(self.run, stages=dict(self.stages), event_seq=self.writes.seq, begun=self._begun)

    @property
    def ref(self) -> RunRef:
        """What the run is called where its status is shown."""
        return RunRef(
            self.claim.run,
            self.run.subject,
            key_name(self.run.subject, self.run.exclusive_key, self.claim.run),
            self.claim.attempt,
            self.pipeline.folder(self.run.subject),
            self.pipeline.stage_names,
            self.pipeline.live_words,
        )

    def done(self, stage: str) -> bool:
        """Tell whether a stage need not run again."""
        return stage in self.stages and self.stages[stage].status.has_output

    def ordinal(self, stage: str) -> int:
        """Return a stage's place in its pipeline, from 0."""
        return self.pipeline.stage_names.index(stage)

    def progress_with(self, stage: str) -> float:
        """Return the run's progress, 0 to 1, once ``stage`` is done as well."""
        names = self.pipeline.stage_names
        return sum(self.done(name) or self.ordinal(name) <= self.ordinal(stage) for name in names) / len(names)

    def given(self) -> dict[type[BaseModel], BaseModel]:
        """Return by type what there is: the request, its parts, and what the stages gave so far."""
        return given(self.pipeline, self.run.config, self.stages)

    def completed(self) -> Verdict:
        """Return the verdict of the run now that each of its stages has its output."""
        return completed(self.pipeline, self.run.config, self.stages)

    def inputs(self, step: Step) -> dict[str, BaseModel | None]:
        """Return a step's inputs by parameter."""
        found = self.given()
        return {each.parameter: found.get(each.type) for each in step.inputs}

    @over_outages
    async def read(self, look: Callable[[JournalReader], Awaitable[T]]) -> T:
        """Look something up in the journal, again when PostgreSQL went away for a while."""
        async with self.environment.database.read() as session:
            return await look(JournalReader(session, self.claim.key))

    def take_spent(self) -> Usage:
        """Hand what tries have spent since the last time to whoever writes it, once."""
        spent, self._spent = self._spent, Usage()
        return spent

    async def announce(self, stage: str, status: StageStatus) -> None:
        """Show a stage's status to pollers, once the journal has it."""
        self.announce_soon(stage, status)
        await self.announce_rest()

    def announce_soon(self, stage: str, status: StageStatus) -> None:
        """Have a stage's status shown together with the next one's, which follows at once, or with the rest.

        That of the stage that ended the run is shown with the run's.
        """
        if self.end is None:
            self._unshown.append((stage, status))

    async def announce_rest(self) -> None:
        """Show what is not shown yet."""
        changes, self._unshown = self._unshown, []
        if changes:
            await self.environment.status_publisher.stages(self.ref, changes)

    async def start(self, stage: str) -> bool:
        """Begin a try of a stage; tell whether there is something to do, for its output may stand by now.

        One that began with the claim is written and shown already.
        """
        if self._begun == stage:
            self._begun = None
            return True
        ordinal, node = self.ordinal(stage), platform.node()
        await self._write("stage.started", stage, lambda journal: journal.start(stage, ordinal, node=node))
        if self.done(stage):
            return False
        await self.announce(stage, StageStatus.PROCESSING)
        return True

    async def complete(self, stage: str, new: NewOutput) -> None:
        """Commit a stage's output and what was recorded with it; where another's stands by now, that counts."""
        progress, spent = self.progress_with(stage), self.take_spent()
        if not new.writes and not spent and await self._end_with(stage, new):
            return

        async def output(journal: StageJournal) -> float | None:
            return await journal.complete(
                stage, new.output, fingerprint=new.fingerprint, progress=progress, reused=new.reused
            )

        async def output_and_records(journal: Journal, session: WriteSession) -> float | None:
            await journal.spend(stage, spent)
            seconds = await output(journal)
            if seconds is not None:
                for write in new.writes:
                    await write(session)
            return seconds

        if new.writes or spent:
            seconds = await self.writes.commit(output_and_records)
        else:
            seconds = await self._write("stage.completed", stage, output)
        if seconds is None:
            await self._reload()
        else:
            self.stages[stage] = StageRecord(StageStatus.COMPLETED, new.output, seconds)

    async def _end_with(self, stage: str, new: NewOutput) -> bool:
        """Commit the output of the last stage and the verdict by one statement; tell whether that was possible."""
        if not self._ends or any(not self.done(name) for name in self.pipeline.stage_names if name != stage):
            return False
        with_it = {**self.stages, stage: StageRecord(StageStatus.COMPLETED, new.output)}
        verdict = completed(self.pipeline, self.run.config, with_it)
        last = LastOutput(stage, new.output, new.fingerprint, reused=new.reused)
        shown = await self.writes.end_at_once(verdict, last)
        if shown is None:
            return False
        self.stages[stage] = StageRecord(StageStatus.COMPLETED, new.output, shown.stages[stage].seconds)
        self.end = RunEnd(verdict, shown)
        return True

    async def skip(self, stage: str, reason: str) -> None:
        """Record that a stage has nothing to do."""
        ordinal, progress = self.ordinal(stage), self.progress_with(stage)
        await self._write(
            "stage.skipped", stage, lambda journal: journal.skip(stage, ordinal, reason, progress=progress)
        )
        if not self.done(stage):
            self.stages[stage] = StageRecord(StageStatus.SKIPPED, None, 0.0)
        await self.announce(stage, StageStatus.SKIPPED)

    async def fail(self, stage: str, error: MomentsError, status: StageStatus = StageStatus.FAILED) -> None:
        """Record that a try of a stage did not come through, and what it spent all the same."""
        spent = self.take_spent()

        async def failure(journal: StageJournal) -> bool | None:
            return await journal.fail(stage, error, status=status)

        async def failure_and_usage(journal: Journal, _: WriteSession) -> bool | None:
            await journal.spend(stage, spent)
            return await failure(journal)

        if not spent:
            await self._write(f"stage.{status}", stage, failure)
        elif await self.writes.commit(failure_and_usage) is None:
            await self._reload()
        if not self.done(stage):
            await self.announce(stage, status)

    async def _write(self, event: str, stage: str, work: Callable[[StageJournal], Awaitable[T]]) -> T | None:
        """Write by one statement; where it answers None, read the run again."""
        answer = await self.writes.statement(event, stage, work)
        if answer is None:
            await self._reload()
        return answer

    @over_outages
    async def _keep_note(self, stage: str, item: str, key: str, value: JsonValue) -> None:
        self._noted = True
        await StageJournal(self.environment.database.row, self.claim).note(stage, item, key, value)

    @over_outages
    async def _reload(self) -> None:
        snapshot = await load_snapshot(self.environment.database.row, self.claim)
        self.stages, self.writes.seq = dict(snapshot.stages), snapshot.event_seq

    @asynccontextmanager
    async def failure_recorded(self, stage: str) -> AsyncIterator[None]:
        """Write what ends a try into the journal, then let it go on; unforeseen errors become StageFailed."""
        try:
            yield
        except LeaseLost:
            raise
        except asyncio.CancelledError:
            await self.fail(stage, RunCancelled("The stage was stopped."), StageStatus.CANCELLED)
            raise
        except MomentsError as error:
            await self.fail(stage, error)
            raise
        except Exception as error:
            failed = unforeseen(stage, error)
            await self.fail(stage, failed)
            raise failed from error

    @asynccontextmanager
    async def context(self, step: Step, item: str = "") -> AsyncIterator[Context]:
        """Give a try its surroundings: a scratch directory, removed afterwards, and a deadline that is kept.

        Raises:
            StageTimeout: the deadline passed.
        """
        root = self.environment.settings.scratch / self.claim.run
        scratch = root / f"{step.name.lower()}-{self.claim.attempt}-{uuid.uuid4().hex[:8]}"
        notes = await self.read(lambda reader: reader.notes(step.name, item)) if self._noted else {}

        async def keep_note(key: str, value: JsonValue) -> None:
            await self._keep_note(step.name, item, key, value)

        context = Context(
            ref=self.ref,
            stage=step.name,
            scratch_path=scratch,
            deadline=asyncio.get_running_loop().time() + step.timeout,
            resources=replace(step.resources, gpus=self._gpus) if self._gpus else step.resources,
            environment=self.environment,
            keep_note=keep_note,
            notes=notes,
        )
        try:
            async with within_deadline(context, step.timeout):
                yield context
        finally:
            self._spent += context.usage
            if root.is_dir():
                await asyncio.to_thread(remove_scratch, scratch)
