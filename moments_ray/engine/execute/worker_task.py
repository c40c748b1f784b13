"""Stages that ask for nothing, executed by the worker itself: they only wait, so they take nobody's place."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import structlog

from moments_ray.engine.execute.claimed_run import ClaimedRun
from moments_ray.engine.execute.stage import execute_stages
from moments_ray.engine.execute.task import together
from moments_ray.engine.pipeline import Pipeline, Unit, names_of
from moments_ray.engine.stage import Stage
from moments_ray.errors import MomentsError, StageCrashed

log = structlog.get_logger()


def waits_only(unit: Unit) -> bool:
    """Tell whether a unit is a stage that asks for nothing at all."""
    return isinstance(unit, Stage) and not unit.resources.requirements()


def begun_with_claims(pipelines: Iterable[Pipeline]) -> dict[str, str]:
    """Return by pipeline the first stage that its run's worker executes itself, whatever the request is."""
    first = {pipeline.name: next(pipeline.units()) for pipeline in pipelines}
    return {
        name: unit.name
        for name, unit in first.items()
        if isinstance(unit, Stage) and waits_only(unit) and unit.skip_when is None
    }


class WorkerTask:
    """Stages on their way in this process; as ``Task``, without Ray, for which there is nothing to place."""

    def __init__(self, claimed: ClaimedRun, units: Sequence[Unit]) -> None:
        self.units = together(units)
        names = [name for unit in self.units for name in names_of(unit)]
        self._stage = names[0]
        self._claimed = ClaimedRun(claimed.environment, claimed.snapshot, ends=True)
        self._work = asyncio.ensure_future(execute_stages(self._claimed, names))

    async def ended(self) -> ClaimedRun:
        """Wait for the end and return the run as it stands then.

        Raises:
            MomentsError: the try failed; ``StageCrashed`` where nobody foresaw how.
        """
        try:
            await asyncio.shield(self._work)
        except MomentsError:
            raise
        except Exception as error:
            raise StageCrashed(f"{self._stage} ended in its worker: {error}"[:1000]) from error
        return self._claimed

    async def stop(self, grace: float) -> None:
        """Cancel, again after ``grace`` seconds; returns when nothing of it runs any more."""
        for _ in range(2):
            self._work.cancel()
            done, _ = await asyncio.wait([self._work], timeout=grace)
            if done:
                return
        log.warning("stage.stop_failed", stage=self._stage)
