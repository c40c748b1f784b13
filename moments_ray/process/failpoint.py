"""Failpoints: named places between two commits where a process can be made to die, err or freeze, to see it survived.

``MOMENTS_FAULT=POINT:ACTION`` arms one of them; unset, hitting a point costs one comparison.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Protocol

import structlog

FAILPOINTS = {
    "submit.committed": "a run is in PostgreSQL, no worker was notified",
    "submit.enqueued": "its entry is in the stream, PostgreSQL does not know of it",
    "cancel.committed": "a cancellation is in PostgreSQL, no worker was notified",
    "message.taken": "a worker holds an entry, its run is not claimed",
    "run.claimed": "a run is claimed, nothing of it is done",
    "stage.started": "a try is a row, nothing of it is done",
    "stage.made": "a stage's output exists, nothing of it is committed",
    "stage.committed": "a stage's output stands, the worker does not know of it",
    "items.planned": "the items of a fan-out are rows, none is worked on",
    "item.made": "an item's output exists, nothing of it is committed",
    "item.committed": "an item's output stands, the next step does not know of it",
    "payment.asked": "a paid call is noted, nobody has made it",
    "payment.answered": "a provider has begun a job, nobody noted its number",
    "payment.begun": "a job's number is noted, its result is not here",
    "payment.made": "what was paid for is here, the receipt does not say so",
    "payment.done": "the receipt says so, nothing else does",
    "run.ending": "every stage stands, there is no verdict",
    "run.ended": "the verdict stands, lock and entry do too",
    "run.unlocked": "the lock is gone, and the entry unless the run failed",
    "run.handed_back": "a drained run is queued again, no worker was notified",
    "deletion.marked": "a video is marked, everything of it is there",
    "deletion.cleared": "its objects and keys are gone, its row is not",
}
FAULT_ACTIONS = ("kill", "raise", "freeze")

log = structlog.get_logger()

FREEZE_LEASES = 2.0  # a frozen process comes back after so many leases: as a zombie, if it held one


class Leases(Protocol):
    """What is known of leases."""

    @property
    def lease_seconds(self) -> float:
        """How long a worker's hold on a run lasts without a heartbeat."""


class FaultSettings(Protocol):
    """Settings, as far as failpoints look at them."""

    @property
    def fault(self) -> str | None:
        """The armed ``POINT:ACTION``."""

    @property
    def home(self) -> Path:
        """Where it is noted that a process got there."""

    @property
    def worker(self) -> Leases:
        """What is known of leases."""


def hit(settings: FaultSettings, point: str) -> None:
    """Do what is armed for a point, the first time that any process of this home gets there.

    Raises:
        RuntimeError: that is what is armed; nobody foresees it.
    """
    if settings.fault is None:
        return
    assert point in FAILPOINTS, point  # noqa: S101 - a point that is not listed would never be swept
    armed, _, action = settings.fault.partition(":")
    if armed != point or not _first_to_get_there(settings.home / "faults" / settings.fault.replace(":", "-")):
        return
    log.warning("fault.injected", point=point, action=action)
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "freeze":
        time.sleep(FREEZE_LEASES * settings.worker.lease_seconds)
    else:
        raise RuntimeError(f"a fault was injected at {point}")


def _first_to_get_there(marker: Path) -> bool:
    marker.parent.mkdir(parents=True, exist_ok=True)
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
