"""Executing one stage: look in the journal; if the output is absent, make it and commit it behind the fence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, JsonValue

from moments_ray.database.session import WriteSession
from moments_ray.engine.context import Write
from moments_ray.engine.environment import Connect, Environment
from moments_ray.engine.execute.claimed_run import ClaimedRun, dumped
from moments_ray.engine.execute.process import process
from moments_ray.engine.queries.journal import Claim, Journal, JournalReader
from moments_ray.engine.stage import Stage
from moments_ray.ids import fingerprint
from moments_ray.process.failpoint import reach
from moments_ray.settings import Settings
from moments_ray.states import StageStatus


async def execute_stage(environment: Environment, claim: Claim, name: str) -> None:
    """Bring a stage to its output, or record why not.

    Raises:
        MomentsError: the try failed; the journal says so already.
        LeaseLost: another worker owns the run; nothing was written.
    """
    claimed = await ClaimedRun.load(environment, claim)
    if claimed.done(name):
        return
    stage = claimed.pipeline.step(name)
    assert isinstance(stage, Stage)  # noqa: S101 - fan-outs are executed as chains
    inputs = claimed.inputs(stage)
    reason = stage.skip_reason(inputs)
    if reason is not None:
        await claimed.skip(name, reason)
        return
    await claimed.start(name)
    reach(environment.settings, "stage.started")
    async with claimed.failure_recorded(name):
        made_from = _fingerprint(name, inputs)
        made = await _standing(claimed, stage, made_from) or await _make(claimed, stage, inputs)

        async def complete(journal: Journal, session: WriteSession) -> None:
            stages = await JournalReader(session, claim.key).stages()
            if StageStatus(stages[name].status).has_output:
                return  # another process of this claim was quicker
            progress = claimed.progress_with(name)
            await journal.complete(name, made.output, fingerprint=made_from, progress=progress, reused=made.reused)
            for write in made.writes:
                await write(session)

        reach(environment.settings, "stage.made")
        await claimed.commit(complete)
    reach(environment.settings, "stage.committed")
    await claimed.announce(name, StageStatus.COMPLETED)


@dataclass(frozen=True)
class _Made:
    output: dict[str, Any]
    writes: Sequence[Write] = ()
    reused: bool = False


async def _make(claimed: ClaimedRun, stage: Stage, inputs: Mapping[str, BaseModel | None]) -> _Made:
    async with claimed.context(stage) as context:
        output = await stage.run(context, **inputs)
        return _Made(dumped(output, stage.gives, stage.name), context.take_writes())


async def _standing(claimed: ClaimedRun, stage: Stage, made_from: str) -> _Made | None:
    if not stage.reusable or claimed.run.config.get("fresh"):
        return None
    subject = claimed.run.subject
    output = await claimed.read(lambda reader: reader.standing_output(subject, stage.name, made_from))
    return None if output is None else _Made(output, reused=True)


def _fingerprint(stage: str, inputs: Mapping[str, BaseModel | None]) -> str:
    dumps: dict[str, JsonValue] = {
        name: value.model_dump(mode="json") if value else None for name, value in inputs.items()
    }
    return fingerprint({"stage": stage, "inputs": dumps})


def stage_task(connect: Connect, settings: Settings, claim: Claim, name: str) -> None:
    """Execute a stage in this Ray worker process."""
    here = process(connect, settings)
    here.run(execute_stage(here.environment, claim, name))
