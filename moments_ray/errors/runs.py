"""How runs and their stages fail."""

from __future__ import annotations

from moments_ray.errors.base import Conflict, MomentsError


class RunActive(Conflict):
    """Another run is active that this one may not go beside."""

    code = "run.active"


class InputsMissing(Conflict):
    """What the stage was given in this run is not there any more."""

    code = "run.inputs_missing"


class RunError(MomentsError):
    """The run failed."""

    code = "run.failed"


class StageTimeout(RunError):
    """The stage ran past its deadline and was stopped."""

    code = "stage.timeout"
    retryable = True


class StageCrashed(RunError):
    """The process running the stage died."""

    code = "stage.crashed"
    retryable = True


class NodeLost(RunError):
    """The node that worked on the stage went away."""

    code = "stage.node_lost"
    retryable = True


class StageFailed(RunError):
    """The stage raised an error nobody foresaw."""

    code = "stage.failed"


class ItemsFailed(RunError):
    """More items of the stage failed than it tolerates."""

    code = "stage.items_failed"


class NoCapacity(RunError):
    """The cluster has no node with the resources this stage asks for."""

    code = "run.no_capacity"
    status = 503


class RunPoisoned(RunError):
    """The run killed its worker three times without making progress."""

    code = "run.poison"


class RunTimeout(RunError):
    """The run took longer than it may."""

    code = "run.timeout"
    status = 504


class RunCancelled(RunError):
    """The run was cancelled."""

    code = "run.cancelled"
    status = 409


class LeaseLost(RunError):
    """Another worker owns this run now."""

    code = "run.lease_lost"
    status = 409
