"""What was given up."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import Field

from moments_ray.database.tables import Run
from moments_ray.engine.runs.dead_letters import DeadLetter
from moments_ray.http.schemas.base import Shape
from moments_ray.http.schemas.runs import RunView


class DeadView(Shape):
    """An entry of what was given up."""

    id: str = Field(examples=["1763650000000-0"])
    run_id: str | None = Field(description="null where what came could not be read")
    reason: str = Field(description="the code of the error", examples=["run.poison"])
    at: datetime | None
    run: RunView | None = Field(description="the run as it stands now; null where it was deleted, or never was one")

    @classmethod
    def of(cls, letter: DeadLetter, run: Run | None) -> Self:
        """Show an entry."""
        return cls(
            id=letter.id,
            run_id=letter.run,
            reason=letter.reason,
            at=letter.at,
            run=RunView.of(run) if run is not None else None,
        )


class Cleared(Shape):
    """How many entries were forgotten."""

    cleared: int
