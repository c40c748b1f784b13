"""Executing one stage: look in the journal; if the output is absent, make it and commit it behind the fence."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, JsonValue

from moments_ray.engine.environment import Connect, Environment
from moments_ray.engine.execute.claimed_run import ClaimedRun, NewOutput
from moments_ray.engine.execute.outcome import dumped
from moments_ray.engine.execute.process import process
from moments_ray.engine.pipeline import identity_of
from moments_ray.engine.queries.journal_reader import RunSnapshot
from moments_ray.engine.stage import Stage
from moments_ray.ids import fingerprint
from moments_ray.process import failpoint
from moments_ray.process.tracing import working_on
from moments_ray.settings import Settings
from moments_ray.states import StageStatus

# After so long in one task, another for the next stage costs nothing to speak of, and a worker that is to go down
# hands its run back before it.
_TOGETHER_SECONDS = 1.0


async def execute_stage(claimed: ClaimedRun, name: str) -> None:
    """Bring a stage to its output, or record why not.

    Raises:
        MomentsError: the try failed; the journal says so already.
        LeaseLost: another worker owns the run; nothing was written.
    """
    if claimed.done(name):
        return
    stage = claimed.pipeline.step(name)
    assert isinstance(stage, Stage)  # noqa: S101 - fan-outs are executed as chains
    inputs = claimed.inputs(stage)
    reason = stage.skip_reason(inputs)
    if reason is not None:
        await claimed.skip(name, reason)
        return
    if not await claimed.start(name):
        return
    settings, claim = claimed.environment.settings, claimed.claim
    failpoint.hit(settings, "stage.started")
    with working_on(claim.run, name, stage=name, attempt=claim.attempt):
        await _bring(claimed, stage, inputs)
    failpoint.hit(settings, "stage.committed")
    claimed.announce_soon(name, StageStatus.COMPLETED)


async def _bring(claimed: ClaimedRun, stage: Stage, inputs: Mapping[str, BaseModel | None]) -> None:
    async with claimed.failure_recorded(stage.name):
        made_from = await _fingerprint(claimed.environment, stage, inputs)
        new = await _stored(claimed, stage, made_from) or await _make(claimed, stage, inputs, made_from)
        failpoint.hit(claimed.environment.settings, "stage.made")
        await claimed.complete(stage.name, new)


async def _make(claimed: ClaimedRun, stage: Stage, inputs: Mapping[str, BaseModel | None], made_from: str) -> NewOutput:
    async with claimed.context(stage) as context:
        output = await stage.run(context, **inputs)
        return NewOutput(dumped(output, stage.gives, stage.name), made_from, context.take_writes())


async def _stored(claimed: ClaimedRun, stage: Stage, made_from: str) -> NewOutput | None:
    if not stage.reusable or claimed.run.config.get("force"):
        return None
    run = claimed.run
    output = await claimed.read(lambda reader: reader.standing_output(run, stage.name, made_from))
    return None if output is None else NewOutput(output, made_from, reused=True)


async def _fingerprint(environment: Environment, stage: Stage, inputs: Mapping[str, BaseModel | None]) -> str:
    dumps: dict[str, JsonValue] = {
        name: value.model_dump(mode="json") if value else None for name, value in inputs.items()
    }
    by = await identity_of(stage, environment)
    return fingerprint({"stage": stage.name, "by": by, "inputs": dumps})


def stage_task(
    connect: Connect, settings: Settings, snapshot: RunSnapshot, names: Sequence[str], gpus: float
) -> RunSnapshot:
    """Execute a stage in this Ray worker process, and the light ones after it while that took no time to speak of.

    ``gpus`` is the share of one that Ray gave the task.
    """
    here = process(connect, settings)
    claimed = ClaimedRun(here.environment, snapshot, gpus=gpus)
    here.run(execute_stages(claimed, names))
    return claimed.snapshot


async def execute_stages(claimed: ClaimedRun, names: Sequence[str]) -> None:
    """Execute a stage in this process's loop, and those after it while that took no time to speak of."""
    began = asyncio.get_running_loop().time()
    try:
        for name in names:
            await execute_stage(claimed, name)
            if asyncio.get_running_loop().time() - began > _TOGETHER_SECONDS:
                break
    finally:
        await claimed.announce_rest()
