"""Failpoints: named places between two commits where a process can be made to die, err or freeze, to see it survived.

``MOMENTS_FAULT=POINT:ACTION`` arms one of them; unset, reaching a point costs one comparison.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import structlog

from moments_ray.settings import FAILPOINTS, Settings

log = structlog.get_logger()

FREEZE_LEASES = 2.0  # a frozen process comes back after so many leases: as a zombie, if it held one


def reach(settings: Settings, point: str) -> None:
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
