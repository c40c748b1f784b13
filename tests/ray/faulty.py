"""Two workers with one armed fault among them and their stages."""

from __future__ import annotations

import shutil
from typing import Any

import ray

from moments_ray import runtime
from moments_ray.database.tables import Run
from moments_ray.engine.runs.actor import start_worker
from moments_ray.process.failpoint import FAILPOINTS
from tests.ray.conftest import Engine

PAYMENT_POINTS = [point for point in FAILPOINTS if point.startswith("payment.")]
"""Those of paid calls, swept by the tests of ads."""


class Faulty:
    """Two workers and their stages with one fault among them, which strikes once."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.settings = engine.settings
        self.actors: list[Any] = []

    async def arm(self, fault: str, **own: Any) -> None:
        worker = self.engine.settings.worker.model_copy(update={"unclaimed_seconds": 2.0})
        self.settings = self.engine.settings.model_copy(update={"fault": fault, "worker": worker, **own})
        shutil.rmtree(self.settings.home / "faults", ignore_errors=True)
        for name in ("one", "two"):
            actor = start_worker(runtime.connect, self.settings, runtime.open_redis, name=name, detached=False)
            self.actors.append(actor)
            await actor.start.remote()

    @property
    def struck(self) -> bool:
        return any((self.settings.home / "faults").glob("*"))

    async def elsewhere(self, work: Any, *arguments: Any) -> None:
        """Do something in a process that may die of it."""
        reference = ray.remote(work).options(num_cpus=0, max_retries=0).remote(self.settings, *arguments)
        try:
            await reference
        except (ray.exceptions.RayError, RuntimeError):
            assert self.struck

    async def owner(self, run: Run) -> Any:
        """Return the worker that drives a run."""
        for actor in self.actors:
            if run.identifier in await actor.executing.remote():
                return actor
        raise AssertionError(f"nobody drives {run.identifier}")
