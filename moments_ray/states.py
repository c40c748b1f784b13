"""The statuses that are stored and shown, and no others."""

from __future__ import annotations

from enum import StrEnum


class RunStatus(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    COMPLETED_WITH_ERRORS = "completed_with_errors"  # some items of a fan-out failed, the rest is right
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen unless somebody asks."""
        return self not in ACTIVE_RUN

    @property
    def for_pollers(self) -> str:
        """The status as pollers of document 001 know it: they stop only on completed, failed and cancelled."""
        return (RunStatus.COMPLETED if self is RunStatus.COMPLETED_WITH_ERRORS else self).value


ACTIVE_RUN = (RunStatus.QUEUED, RunStatus.PROCESSING)


class StageStatus(StrEnum):
    """Where a stage, one of its tries, or one of its items stands."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def has_output(self) -> bool:
        """Whether the stage need not run again."""
        return self in {StageStatus.COMPLETED, StageStatus.SKIPPED}


class VideoStatus(StrEnum):
    """Where a video stands."""

    PENDING = "pending"  # known, its bytes are not here yet
    READY = "ready"
    DELETING = "deleting"  # a crash in the middle of a deletion is finished by the sweeper


class WebhookStatus(StrEnum):
    """Where the delivery of a webhook stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"  # given up, after every try or because its address may not be called
    DISABLED = "disabled"  # its address answered 410: it wants no more


class ClipStatus(StrEnum):
    """Where a clip stands."""

    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"


class SetStatus(StrEnum):
    """Where a set of moments stands."""

    CANDIDATE = "candidate"  # made, and never shown
    CURRENT = "current"
    RETIRED = "retired"


class BackfillStatus(StrEnum):
    """Where a backfill stands."""

    ESTIMATING = "estimating"  # its source is being read into the ledger
    RUNNING = "running"
    PAUSED = "paused"  # by a caller, or by a budget that is spent
    COMPLETED = "completed"
    COMPLETED_WITH_ERRORS = "completed_with_errors"  # some items failed, or were cancelled
    FAILED = "failed"  # the backfill itself: its source cannot be read
    CANCELLED = "cancelled"

    @property
    def finished(self) -> bool:
        """Whether nothing more will be started unless somebody asks."""
        return self not in {BackfillStatus.ESTIMATING, BackfillStatus.RUNNING, BackfillStatus.PAUSED}


class BackfillItemStatus(StrEnum):
    """Where an item of a backfill's ledger stands."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    COMPLETED_WITH_ERRORS = "completed_with_errors"
    FAILED = "failed"  # quarantined: nothing but a caller's retry takes it up again
    SKIPPED = "skipped"  # there already, or a second time in the list
    CANCELLED = "cancelled"
