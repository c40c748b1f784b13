"""Workers."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from moments_ray.http.schemas.base import Shape


class WorkerStatus(StrEnum):
    """Whether a worker works; a silent one holds runs and has let its lease run out: another takes them."""

    IDLE = "idle"
    BUSY = "busy"
    SILENT = "silent"


class WorkerView(Shape):
    """A worker that listens, or holds runs."""

    id: str
    node: str | None = Field(description="its machine, which its name tells")
    status: WorkerStatus
    runs: list[str] = Field(description="that it holds")
    last_heartbeat: datetime


class WorkersView(Shape):
    """The workers that there are; none of them: runs wait."""

    runs_at_once: int = Field(description="of one worker, where a node takes them")
    items: list[WorkerView]
