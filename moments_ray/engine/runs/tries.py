"""The tries that one worker makes of a run's stages: counted, and told when the next one is due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from moments_ray.database.tables import Run
from moments_ray.engine.environment import Environment
from moments_ray.engine.execute.claimed_run import ClaimedRun
from moments_ray.engine.execute.outcome import retry_delay, tries_allowed
from moments_ray.engine.pipeline import Unit, names_of
from moments_ray.engine.stage import Stage
from moments_ray.errors import MomentsError, NodeLost, ServiceUnavailable
from moments_ray.process.metrics import STAGE_ATTEMPTS, STAGE_SECONDS
from moments_ray.states import StageStatus

_NODES_LOST = 5  # so many lost nodes cost a unit no try; more, and it may be what takes them down


class Tries:
    """The tries of one claimed run, and how many more of them there may be."""

    def __init__(self, environment: Environment, run: Run) -> None:
        self._meter = environment.meter
        self._retry = environment.settings.retry
        self._allowed = run.tries
        self._counted: set[str] = set()
        self._failed: Counter[str] = Counter()
        self._nodes_lost: Counter[str] = Counter()

    def leave_out(self, claimed: ClaimedRun) -> None:
        """Count no tries of the stages that have an output already: an earlier claim's."""
        self._counted |= {name for name in claimed.pipeline.stage_names if claimed.done(name)}

    def count(self, claimed: ClaimedRun, tried: Sequence[Unit]) -> None:
        """Count the tries that have ended of the stages that have an output now."""
        for name in (name for unit in tried for name in names_of(unit)):
            if claimed.done(name) and name not in self._counted:
                self._counted.add(name)
                stage = claimed.stages[name]
                self._meter(STAGE_ATTEMPTS, stage=name, verdict=stage.status.value, code="")
                if stage.status is StageStatus.COMPLETED and stage.seconds is not None:
                    self._meter(STAGE_SECONDS, float(stage.seconds), stage=name)

    def count_failure(
        self, claimed: ClaimedRun, tried: Sequence[Unit], undone: Unit, failed: MomentsError, *, stopped: bool
    ) -> None:
        """Count the tries that have ended, and those of the unit that failed or was stopped."""
        self.count(claimed, tried)
        verdict = StageStatus.CANCELLED if stopped else StageStatus.FAILED
        for name in names_of(undone):
            if not claimed.done(name):
                self._meter(STAGE_ATTEMPTS, stage=name, verdict=verdict.value, code=failed.code)

    def delay(self, unit: Unit, failed: MomentsError) -> float | None:
        """Return the seconds until a unit that failed is tried again; None where it is not."""
        first = names_of(unit)[0]
        if not self._faultless(first, failed):
            self._failed[first] += 1
        declared = unit.attempts if isinstance(unit, Stage) else max(step.attempts for step in unit)
        allowed = self._allowed or tries_allowed(first, declared, self._retry)
        return retry_delay(failed, self._failed[first], allowed, self._retry)

    def _faultless(self, first: str, failed: MomentsError) -> bool:
        """Tell whether a failure is no fault of the stage's and costs it no try: an outage, or the loss of a node."""
        if isinstance(failed, NodeLost):
            self._nodes_lost[first] += 1
            return self._nodes_lost[first] <= _NODES_LOST
        return isinstance(failed, ServiceUnavailable) and failed.retryable
