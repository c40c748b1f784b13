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
