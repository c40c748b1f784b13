"""Executing one stage: look in the journal; if the output is absent, make it and commit it behind the fence."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import ray
import structlog

from moments_ray.engine.environment import Connect
from moments_ray.engine.execute.chain import run_chain
from moments_ray.engine.execute.stage import stage_task
from moments_ray.engine.pipeline import Chain
from moments_ray.engine.queries.journal import Claim
from moments_ray.engine.resources import Resources
from moments_ray.engine.stage import Stage
from moments_ray.errors import MomentsError, StageCrashed
from moments_ray.settings import Settings

log = structlog.get_logger()


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
