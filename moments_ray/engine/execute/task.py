"""A stage, or a chain of fan-outs, on its way through the cluster."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
import random
from collections.abc import Callable, Sequence
from typing import Any

import ray
import structlog
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from moments_ray.engine.environment import Connect
from moments_ray.engine.execute.capacity import Nodes, granted
from moments_ray.engine.execute.claimed_run import ClaimedRun
from moments_ray.engine.execute.stage import stage_task
from moments_ray.engine.pipeline import Unit, names_of
from moments_ray.engine.queries.claims import Claim
from moments_ray.engine.queries.journal_reader import RunSnapshot
from moments_ray.engine.resources import Resources
from moments_ray.engine.stage import Stage
from moments_ray.errors import MomentsError, NodeLost, StageCrashed
from moments_ray.settings import Settings

log = structlog.get_logger()

_NODE_LOST = (ray.exceptions.NodeDiedError, ray.exceptions.LocalRayletDiedError)


def together(units: Sequence[Unit]) -> Sequence[Unit]:
    """Return those units that one Ray task executes: the first, and light stages after it that ask for the same."""
    first = units[0]
    if not isinstance(first, Stage) or not first.resources.light:
        return units[:1]
    return list(itertools.takewhile(lambda unit: isinstance(unit, Stage) and unit.resources == first.resources, units))


@functools.cache
def _remote(body: Callable[..., Any]) -> Any:
    """Return the function as Ray has it, made once a process: Ray exports each new one to the cluster.

    GPUs are asked for by options alone: of a function that asks for them itself Ray ends the process after one call,
    and with it the model that stays loaded.
    """
    return ray.remote(body)


def chain_task(connect: Connect, settings: Settings, claim: Claim, first: str) -> None:
    """Execute the chain that begins with ``first``; the body of a Ray task, as ``stage_task``."""
    from moments_ray.engine.execute.chain import run_chain  # noqa: PLC0415 - 60 MB of Ray Data: who fans out imports it

    run_chain(connect, settings, claim, first)


class Task:
    """A stage, or a chain of fan-outs, on its way through the cluster; Ray itself never retries it: tries are ours."""

    def __init__(
        self, connect: Connect, settings: Settings, claimed: ClaimedRun, units: Sequence[Unit], nodes: Nodes
    ) -> None:
        self.units = together(units)
        self._environment = claimed.environment
        snapshot = claimed.snapshot
        names = [name for unit in self.units for name in names_of(unit)]
        claim, first = snapshot.claim, self.units[0]
        body: Callable[..., RunSnapshot | None]
        arguments: tuple[object, ...]
        if isinstance(first, Stage):
            resources = granted(first, settings, nodes)
            body, arguments = stage_task, (snapshot, names, resources.gpus)
            options = {**resources.ray_options(), **_spread(resources)}
        else:  # a chain's driver asks for no CPU, or its own rows could not start
            body, arguments = chain_task, (claim, names[0])
            options = {**Resources(cpus=0).ray_options(), **_beside_rows([step.resources for step in first], nodes)}
        remote = _remote(body).options(name=f"{claim.run}:{names[0]}#{claim.attempt}", max_retries=0, **options)
        self._stage = names[0]
        self._reference = remote.remote(connect, settings, *arguments)

    async def ended(self) -> ClaimedRun | None:
        """Wait for the end and return the run as it stands then, if the task knows.

        Raises:
            MomentsError: the try failed; ``StageCrashed`` where its process died, ``NodeLost`` where its node did.
        """
        try:
            snapshot: RunSnapshot | None = await self._reference
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, MomentsError):
                raise error.cause from None
            if isinstance(error.cause, _NODE_LOST):
                raise NodeLost(f"A node that worked on {self._stage} went away.") from error
            raise StageCrashed(f"{self._stage} ended in the cluster: {error.cause or error}"[:1000]) from error
        except _NODE_LOST as error:
            raise NodeLost(f"The node of {self._stage} went away.") from error
        except ray.exceptions.RayError as error:
            raise StageCrashed(f"{self._stage} died in the cluster: {type(error).__name__}") from error
        return ClaimedRun(self._environment, snapshot) if snapshot is not None else None

    async def stop(self, grace: float) -> None:
        """Cancel, and after ``grace`` seconds kill; returns when nothing of it runs any more."""
        ended = asyncio.ensure_future(self._silently())
        for force in (False, True):
            with contextlib.suppress(ray.exceptions.RayError, ValueError):
                ray.cancel(self._reference, force=force)
            done, _ = await asyncio.wait([ended], timeout=grace)
            if done:
                return
        log.warning("stage.stop_failed", stage=self._stage)

    async def _silently(self) -> None:
        with contextlib.suppress(MomentsError):
            await self.ended()


def _spread(resources: Resources) -> dict[str, Any]:
    """Return how a stage is placed: Ray fills a node to half its cores first where only cores are asked for."""
    return {} if resources.light or resources.custom else {"scheduling_strategy": "SPREAD"}


def _beside_rows(rows: Sequence[Resources], nodes: Nodes) -> dict[str, Any]:
    """Return how a chain's driver is placed: on a node that can work on its rows, or anywhere if that goes away.

    So a head that works on no rows has no drivers either.
    """
    able = [name for name, offer in nodes.items() if all(asked.fits([offer]) for asked in rows)]
    if not able:
        return {}
    return {"scheduling_strategy": NodeAffinitySchedulingStrategy(random.choice(able), soft=True)}  # noqa: S311
