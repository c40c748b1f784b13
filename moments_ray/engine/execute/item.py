"""One step over one row of a fan-out's items: each item's verdict is committed in the process that reached it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from moments_ray.database.session import WriteSession
from moments_ray.database.tables import RunItem
from moments_ray.engine.context import Context, Write
from moments_ray.engine.environment import Environment
from moments_ray.engine.execute.claimed_run import ClaimedRun
from moments_ray.engine.execute.outcome import dumped, retry_delay, tries_allowed, unforeseen
from moments_ray.engine.fan_out import FanOut, ItemFailure
from moments_ray.engine.queries.claims import Claim
from moments_ray.engine.queries.journal import Journal
from moments_ray.engine.queries.journal_reader import JournalReader
from moments_ray.errors import LeaseLost, MomentsError
from moments_ray.process import failpoint
from moments_ray.process.tracing import working_on
from moments_ray.states import StageStatus


async def work_items(environment: Environment, claim: Claim, name: str, keys: Sequence[str], of: int) -> None:
    """Do a step for those of ``of`` items that have no output of it yet; what fails is written down, never raised.

    Raises:
        LeaseLost: another worker owns the run; nothing was written.
    """
    claimed = await ClaimedRun.load(environment, claim)
    step = claimed.pipeline.step(name)
    assert isinstance(step, FanOut)  # noqa: S101 - only fan-outs have items
    rows = await claimed.read(lambda reader: reader.items(name, keys))
    before = await outputs_before(claimed, step, keys)
    work = _RowWork(claimed, step, before or {}, of)
    todo = [row for row in rows if row.status != StageStatus.COMPLETED]
    if before is not None:
        for row in todo:
            if row.key not in before:
                await work.commit_skipped(row.key)
        todo = [row for row in todo if row.key in before]
    if todo:
        with working_on(claim.run, name, stage=name, attempt=claim.attempt, items=len(todo)):
            await (work.each(todo) if step.each else work.each_row(todo))


async def outputs_before(claimed: ClaimedRun, step: FanOut, keys: Sequence[str]) -> dict[str, BaseModel] | None:
    """Return the items' outputs of the preceding fan-out; None where there is none, or it was skipped."""
    if step.plan is not None:
        return None
    earlier = claimed.pipeline.steps[claimed.ordinal(step.name) - 1]
    assert isinstance(earlier, FanOut)  # noqa: S101 - proved when the pipeline was declared
    stage = claimed.stages.get(earlier.name)
    if stage is not None and stage.status == StageStatus.SKIPPED:
        return None
    rows = await claimed.read(lambda reader: reader.items(earlier.name, keys))
    return {row.key: earlier.output_type.model_validate(row.output) for row in rows if row.output is not None}


class _RowWork:
    """A step of a claimed run at work on some of its items."""

    def __init__(self, claimed: ClaimedRun, step: FanOut, before: Mapping[str, BaseModel], of: int) -> None:
        self._claimed = claimed
        self._of = of
        self._step = step
        self._before = before
        self._inputs = claimed.inputs(step)
        self._item_type = claimed.pipeline.planner_of(step.name).item_type

    async def each(self, rows: Sequence[RunItem]) -> None:
        """Work item by item, a verdict each."""
        for row in rows:
            item = self._item_type.model_validate(row.spec)
            output, context = await self._tried(row.key, {"item": item, "before": self._before.get(row.key)})
            await self._commit_output(row.key, output, context.take_writes() if context else [])

    async def each_row(self, rows: Sequence[RunItem]) -> None:
        """Work on all items at once, a verdict each; what the row recorded goes with its first."""
        items = [self._item_type.model_validate(row.spec) for row in rows]
        before = [self._before.get(row.key) for row in rows]
        outputs, context = await self._tried(rows[0].key, {"items": items, "before": before})
        writes = context.take_writes() if context else []
        for index, row in enumerate(rows):
            output = outputs if isinstance(outputs, MomentsError) else outputs[index]
            await self._commit_output(row.key, output, writes if index == 0 else [])

    async def _tried(self, item: str, arguments: dict[str, Any]) -> tuple[Any, Context | None]:
        """Call the work until it comes through or its tries are used up; an error comes back as a value."""
        name, retry = self._step.name, self._claimed.environment.settings.retry
        allowed = self._claimed.run.tries or tries_allowed(name, self._step.attempts, retry)
        available = {**arguments, **self._inputs}
        arguments = taken_by(self._step.work, available)
        number = 0
        while True:
            number += 1
            try:
                async with self._claimed.context(self._step, item) as context:
                    return await self._step.work(context, **arguments), context
            except LeaseLost:
                raise
            except MomentsError as error:
                failed: MomentsError = error
            except Exception as error:  # noqa: BLE001 - it becomes the item's own error, logged and journalled
                failed = unforeseen(name, error)
            delay = retry_delay(failed, number, allowed, retry)
            if delay is None:
                return await self._otherwise(failed, available)
            await asyncio.sleep(delay)

    async def _otherwise(self, failed: MomentsError, available: Mapping[str, Any]) -> tuple[Any, Context | None]:
        """Return what the item comes to though its work failed, where the step knows; else the error."""
        otherwise = self._step.otherwise
        if otherwise is None:
            return failed, None
        try:
            async with self._claimed.context(self._step) as context:
                return await otherwise(context, **taken_by(otherwise, {**available, "error": failed})), context
        except LeaseLost:
            raise
        except MomentsError as error:
            return error, None
        except Exception as error:  # noqa: BLE001 - as of the work itself
            return unforeseen(self._step.name, error), None

    async def _commit_output(self, key: str, output: object, writes: Sequence[Write]) -> None:
        if not isinstance(output, MomentsError):
            try:
                value = dumped(output, self._step.output_type, self._step.name)
            except MomentsError as error:
                output = error
            else:
                await self._commit(
                    lambda journal: journal.complete_item(self._step.name, key, value, of=self._of), writes
                )
                return
        failure = failure_of(key, output)
        await self._commit(lambda journal: journal.fail_item(self._step.name, key, failure, of=self._of), [])

    async def commit_skipped(self, key: str) -> None:
        """Record that the item's earlier step failed, so that this one has nothing to work on."""
        await self._commit(lambda journal: journal.skip_item(self._step.name, key, of=self._of), [])

    async def _commit(self, verdict: Callable[[Journal], Awaitable[float | None]], writes: Sequence[Write]) -> None:
        """Commit one item's verdict, and the stage's with it when that was the last item outstanding."""
        claimed, step = self._claimed, self._step
        spent = claimed.take_spent()

        async def transaction(journal: Journal, session: WriteSession) -> tuple[float | None, bool]:
            await journal.spend(step.name, spent)
            progress = await verdict(journal)
            if progress is None:
                return None, False  # another process of this claim was quicker
            for write in writes:
                await write(session)
            if round(progress * self._of) < self._of:
                return progress, False
            items = await JournalReader(session, claimed.claim.key).items(step.name)
            done = tolerated(step, items) and all(item.status != StageStatus.PENDING for item in items)
            if done:
                await complete(claimed, step, items, journal)
            return progress, done

        settings = claimed.environment.settings
        failpoint.hit(settings, "item.made")
        progress, done = await claimed.writes.commit(transaction)
        failpoint.hit(settings, "item.committed")
        if progress is not None:
            await claimed.environment.status_publisher.progress(claimed.ref, step.name, progress)
        if done:
            await claimed.announce(step.name, StageStatus.COMPLETED)


async def complete(claimed: ClaimedRun, step: FanOut, items: Sequence[RunItem], journal: Journal) -> None:
    """Commit a fan-out's output from its items' verdicts."""
    output = fan_output(step, items)
    await journal.complete(step.name, output, fingerprint=None, progress=claimed.progress_with(step.name))


def fan_output(step: FanOut, items: Sequence[RunItem]) -> dict[str, Any]:
    """Return a fan-out's output, as JSON, from its items' verdicts."""
    outputs = [item.output for item in items if item.status == StageStatus.COMPLETED]
    failed = [
        {"key": item.key, **(item.error or (item.output or {}).get("problem") or {})}
        for item in items
        if item.status == StageStatus.FAILED or (item.output or {}).get("problem")
    ]
    return dumped(step.gives.model_validate({"items": outputs, "failed": failed}), step.gives, step.name)


def failure_of(key: str, error: MomentsError) -> dict[str, Any]:
    """Return how an item failed, as JSON, without its key."""
    failure = ItemFailure(
        key=key, code=error.code, message=error.message, retryable=error.retryable, detail=error.detail
    )
    return failure.model_dump(mode="json", exclude={"key"})


def tolerated(step: FanOut, items: Sequence[RunItem]) -> bool:
    """Tell whether no more items failed than the step tolerates."""
    failed = sum(item.status == StageStatus.FAILED for item in items)
    return failed <= step.tolerate * len(items)


def taken_by(function: Callable[..., Any], available: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the available arguments that the function has parameters for."""
    parameters = inspect.signature(function).parameters
    return {name: value for name, value in available.items() if name in parameters}
