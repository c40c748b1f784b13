"""A stage, or a chain of fan-outs, on its way through the cluster."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ray
import structlog

from moments_ray.engine.environment import Connect
from moments_ray.engine.execute.chain import run_chain
from moments_ray.engine.execute.stage import stage_task
from moments_ray.engine.pipeline import Unit, names_of
from moments_ray.engine.queries.journal_reader import RunSnapshot
from moments_ray.engine.resources import Resources
from moments_ray.engine.stage import Stage
from moments_ray.errors import MomentsError, StageCrashed
from moments_ray.settings import Settings

log = structlog.get_logger()


def together(units: Sequence[Unit]) -> Sequence[Unit]:
    """Return those units that one Ray task executes: the first, and light stages after it that ask for the same."""
    first = units[0]
    if not isinstance(first, Stage) or not first.resources.light:
        return units[:1]
    return list(itertools.takewhile(lambda unit: isinstance(unit, Stage) and unit.resources == first.resources, units))


@functools.cache
def _remote(body: Callable[..., Any]) -> Any:
    """Return the function as Ray has it, made once a process: Ray exports each new one to the cluster."""
    return ray.remote(body)


class Task:
    """A stage, or a chain of fan-outs, on its way through the cluster; Ray itself never retries it: tries are ours."""

    def __init__(self, connect: Connect, settings: Settings, snapshot: RunSnapshot, units: Sequence[Unit]) -> None:
        self.units = together(units)
        names = [name for unit in self.units for name in names_of(unit)]
        claim, first = snapshot.claim, self.units[0]
        body: Callable[..., RunSnapshot | None]
        arguments: tuple[object, ...]
        if isinstance(first, Stage):
            body, resources, arguments = stage_task, first.resources, (snapshot, names)
        else:  # a chain's driver asks for no CPU, or its own rows could not start
            body, resources, arguments = run_chain, Resources(cpus=0), (claim, names[0])
        options = resources.ray_options()
        remote = _remote(body).options(name=f"{claim.run}:{names[0]}#{claim.attempt}", max_retries=0, **options)
        self._stage = names[0]
        self._reference = remote.remote(connect, settings, *arguments)

    async def ended(self) -> RunSnapshot | None:
        """Wait for the end and return the run as it stands then, if the task knows.

        Raises:
            MomentsError: the try failed; ``StageCrashed`` where its process died.
        """
        try:
            snapshot: RunSnapshot | None = await self._reference
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, MomentsError):
                raise error.cause from None
            raise StageCrashed(f"{self._stage} ended in the cluster: {error.cause or error}"[:1000]) from error
        except ray.exceptions.RayError as error:
            raise StageCrashed(f"{self._stage} died in the cluster: {type(error).__name__}") from error
        return snapshot

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


async def node_resources(oldest: float) -> Sequence[Mapping[str, float]]:
    """Return what each living node of the cluster offers in all, known for at most ``oldest`` seconds."""
    global _nodes  # noqa: PLW0603 - one cluster a process
    now = asyncio.get_running_loop().time()
    if now - _nodes[0] >= oldest:
        _nodes = now, await asyncio.to_thread(_ask_for_nodes)
    return _nodes[1]


_nodes: tuple[float, Sequence[Mapping[str, float]]] = (-math.inf, ())


def _ask_for_nodes() -> Sequence[Mapping[str, float]]:
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
