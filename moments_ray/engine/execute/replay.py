"""Running one stage of a past run again with the inputs that stand in its journal; nothing of it is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, JsonValue, ValidationError

from moments_ray.database.tables import RunItem
from moments_ray.engine.context import Context
from moments_ray.engine.detached import detached_context
from moments_ray.engine.environment import Environment
from moments_ray.engine.execute.claimed_run import ClaimedRun
from moments_ray.engine.execute.item import failure_of, fan_output, outputs_before, taken_by
from moments_ray.engine.execute.outcome import dumped, unforeseen, within_deadline
from moments_ray.engine.fan_out import FanOut, Item
from moments_ray.engine.pipeline import Step
from moments_ray.engine.queries.claims import claim_of
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.stage import Stage
from moments_ray.engine.usage import Usage
from moments_ray.errors import InputsMissing, InvalidRequest, MomentsError, ObjectMissing
from moments_ray.states import StageStatus
from moments_ray.storage.overlay import OverlayStore


@dataclass
class Replay:
    """What a stage came to: JSON as the journal would have it, beside what the run has (``stored``), if anything.

    ``skipped`` is why the stage has nothing to do; ``records`` counts the writes of rows that were not made; ``notes``
    are by item, empty outside of fan-outs.
    """

    output: dict[str, Any] | None = None
    stored: dict[str, Any] | None = None
    skipped: str | None = None
    seconds: float = 0.0
    records: int = 0
    notes: dict[str, dict[str, JsonValue]] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    objects: list[str] = field(default_factory=list)


async def replay(environment: Environment, run: str, stage: str, directory: Path, item: str | None = None) -> Replay:
    """Run a stage of a run in this process, or of a fan-out all items or one, with its scratch under ``directory``.

    Raises:
        NotFound: there is no such run.
        InvalidRequest: its pipeline has no such stage, or is not known here; the stage has no such item.
        InputsMissing: what the stage takes was never made, is of an older version's form, or its objects are gone.
        MomentsError: the stage failed.
    """
    if not isinstance(environment.store, OverlayStore):
        raise TypeError("a stage is replayed over a store that takes no writes")
    async with environment.database.read() as session:
        claim = claim_of(await Runs(session).get(run))
    claimed = await ClaimedRun.load(environment, claim)
    names = claimed.pipeline.stage_names
    if stage not in names:
        raise InvalidRequest(
            f"Pipeline {claimed.pipeline.name} has no stage {stage}: choose one of {', '.join(names)}."
        )
    replayed = _Replayed(claimed, claimed.pipeline.step(stage), directory)
    began = asyncio.get_running_loop().time()
    try:
        await replayed.execute(item)
    except ObjectMissing as error:
        raise InputsMissing(
            f"An object that {stage} reads is gone ({error.message.rstrip('.')}): retry or start the run again.",
            error.detail,
        ) from error
    result = replayed.result
    result.seconds = asyncio.get_running_loop().time() - began
    result.objects = [one.name async for one in environment.store.written.list()]
    return result


class _Replayed:
    """A stage of a run, and what came of it so far."""

    def __init__(self, claimed: ClaimedRun, step: Step, directory: Path) -> None:
        self._claimed = claimed
        self._step = step
        self._directory = directory
        self.result = Replay()

    async def execute(self, item: str | None) -> None:
        """Skip or run the stage as the run would."""
        step, inputs = self._step, self._inputs()
        stored = self._claimed.stages.get(step.name)
        self.result.stored = stored.output if stored is not None else None
        self.result.skipped = step.skip_reason(inputs)
        if self.result.skipped is not None:
            return
        if isinstance(step, FanOut):
            await self._items(step, inputs, item)
        elif item is not None:
            raise InvalidRequest(f"{step.name} is no fan-out and has no items: leave --item out.")
        else:
            await self._whole(step, inputs)

    def _inputs(self) -> Mapping[str, BaseModel | None]:
        """Return the stage's inputs by parameter; raises ``InputsMissing``."""
        step = self._step
        try:
            inputs = self._claimed.inputs(step)
        except ValidationError as error:
            raise InputsMissing(
                f"What the run has for {error.title} is not of this version's form: start the run again."
            ) from error
        for wanted in step.inputs:
            if inputs[wanted.parameter] is None and not wanted.optional:
                giver = next(earlier for earlier in self._claimed.pipeline.steps if earlier.gives is wanted.type)
                raise InputsMissing(
                    f"{step.name} takes what {giver.name} gives, which this run has not: retry the run."
                )
        return inputs

    async def _whole(self, stage: Stage, inputs: Mapping[str, BaseModel | None]) -> None:
        async with self._context("") as context:
            output = await stage.run(context, **inputs)
        self.result.output = dumped(output, stage.gives, stage.name)

    async def _items(self, step: FanOut, inputs: Mapping[str, BaseModel | None], only: str | None) -> None:
        claimed, keys = self._claimed, None if only is None else [only]
        stored = await claimed.read(lambda reader: reader.items(step.name, keys))
        rows = stored or await self._planned(step, inputs, only)
        if only is not None:
            self.result.stored = fan_output(step, stored)
        before = await outputs_before(claimed, step, [row.key for row in rows])
        todo = rows if before is None else [row for row in rows if row.key in before]
        if rows and not todo:
            raise InputsMissing(f"No item came through the stage before {step.name}: replay that one.")
        item_type = claimed.pipeline.planner_of(step.name).item_type
        ended: list[RunItem] = []
        size = step.row if step.each_row else 1
        for row in (todo[at : at + size] for at in range(0, len(todo), size)):
            items = [item_type.model_validate(one.spec) for one in row]
            earlier = [(before or {}).get(one.key) for one in row]
            ended += await self._row(step, inputs, items, earlier)
            shown = claimed.environment.status_publisher
            await shown.progress(claimed.ref, step.name, len(ended) / len(todo))
        self.result.output = fan_output(step, ended)

    async def _planned(
        self, step: FanOut, inputs: Mapping[str, BaseModel | None], only: str | None
    ) -> Sequence[RunItem]:
        """Return the items of a fan-out that the run has not come to."""
        planned: Sequence[Item] = ()
        if step.plan is not None:
            async with self._context("") as context:
                planned = await step.plan(context, **taken_by(step.plan, inputs))
        rows = [RunItem(key=item.key, spec=item.model_dump(mode="json")) for item in planned]
        rows = [row for row in rows if only in {None, row.key}]
        if only is not None and not rows:
            raise InvalidRequest(f"{step.name} of this run has no item {only}.")
        if step.plan is None and not rows:
            raise InputsMissing(f"This run has no items of {step.name}: replay the first fan-out of its chain.")
        return rows

    async def _row(
        self,
        step: FanOut,
        inputs: Mapping[str, BaseModel | None],
        items: Sequence[Item],
        before: Sequence[BaseModel | None],
    ) -> list[RunItem]:
        """Do one row of items, and return each with its verdict; what is unforeseen goes to the log."""
        available = {**inputs, "item": items[0], "items": items, "before": before if step.each_row else before[0]}
        try:
            async with self._context(items[0].key) as context:
                made = await step.work(context, **taken_by(step.work, available))
            outputs = made if step.each_row else [made]
        except ObjectMissing:
            raise
        except MomentsError as error:
            outputs = [error] * len(items)
        return [_verdict(step, item.key, output) for item, output in zip(items, outputs, strict=True)]

    @asynccontextmanager
    async def _context(self, item: str) -> AsyncIterator[Context]:
        """Give a try its surroundings and its deadline, and keep what comes of it however it ends."""
        step = self._step
        context = detached_context(
            self._claimed.environment,
            self._claimed.ref,
            step.name,
            self._directory,
            resources=step.resources,
            timeout=step.timeout,
            notes=await self._claimed.read(lambda reader: reader.notes(step.name, item)),
        )
        try:
            async with within_deadline(context, step.timeout):
                yield context
        except MomentsError:
            raise
        except Exception as error:
            raise unforeseen(step.name, error) from error
        finally:
            self.result.records += len(context.take_writes())
            self.result.usage += context.usage
            if context.notes:
                self.result.notes[item] = context.notes


def _verdict(step: FanOut, key: str, output: Any) -> RunItem:
    if isinstance(output, MomentsError):
        return RunItem(key=key, status=StageStatus.FAILED, error=failure_of(key, output))
    return RunItem(key=key, status=StageStatus.COMPLETED, output=dumped(output, step.output_type, step.name))
