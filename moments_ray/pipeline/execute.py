"""Executing one stage: look in the journal; if the output is absent, make it and commit it behind the fence."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ray
import structlog
from pydantic import BaseModel, JsonValue

from moments_ray.database.repositories.journal import Claim, Journal, JournalReader
from moments_ray.database.session import WriteSession
from moments_ray.errors import MomentsError, StageCrashed
from moments_ray.failpoint import reach
from moments_ray.ids import fingerprint
from moments_ray.pipeline.claimed_run import ClaimedRun, dumped
from moments_ray.pipeline.context import Write
from moments_ray.pipeline.definition import Chain
from moments_ray.pipeline.environment import Connect, Environment, process
from moments_ray.pipeline.fan_out import run_chain
from moments_ray.pipeline.resources import Resources
from moments_ray.pipeline.stage import Stage
from moments_ray.settings import Settings
from moments_ray.states import StageStatus

log = structlog.get_logger()


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


class Task:
    """A stage, or a chain of fan-outs, on its way through the cluster; Ray itself never retries it: tries are ours."""

    def __init__(self, connect: Connect, settings: Settings, claim: Claim, unit: Stage | Chain) -> None:
        body: Callable[[Connect, Settings, Claim, str], None]
        if isinstance(unit, Stage):
            body, first, options = stage_task, unit.name, unit.resources.ray_options()
        else:  # a chain's driver asks for no CPU, or its own rows could not start
            body, first, options = run_chain, unit[0].name, Resources(cpus=0).ray_options()
        remote = ray.remote(body).options(name=f"{claim.run}:{first}#{claim.attempt}", max_retries=0, **options)
        self._stage = first
        self._reference = remote.remote(connect, settings, claim, first)

    async def ended(self) -> None:
        """Wait for the end.

        Raises:
            MomentsError: the try failed; ``StageCrashed`` where its process died.
        """
        try:
            await self._reference
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, MomentsError):
                raise error.cause from None
            raise StageCrashed(f"{self._stage} ended in the cluster: {error.cause or error}"[:1000]) from error
        except ray.exceptions.RayError as error:
            raise StageCrashed(f"{self._stage} died in the cluster: {type(error).__name__}") from error

    async def stop(self, grace: float) -> None:
        """Cancel, and after ``grace`` seconds kill; returns when nothing of it runs any more."""
        ended = asyncio.ensure_future(self._silently())
        for force in (False, True):
            with contextlib.suppress(ray.exceptions.RayError, ValueError):
                ray.cancel(self._reference, force=force)
            done, _ = await asyncio.wait([ended], timeout=grace)
            if done:
                return
        log.warning("stage.unstoppable", stage=self._stage)

    async def _silently(self) -> None:
        with contextlib.suppress(MomentsError):
            await self.ended()


def node_resources() -> list[dict[str, float]]:
    """Return what each living node of the cluster offers in all."""
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
