"""Events of all runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field

from moments_ray.http.schemas.base import Page, Shape
from moments_ray.http.schemas.runs import EventView

if TYPE_CHECKING:  # the client reads answers by these shapes, and has no database
    from moments_ray.engine.queries.event_log import LoggedEvent, RunAbout
    from moments_ray.engine.runs.notifier import Progress


class LoggedEventView(EventView):
    """Something that happened in a run, with its place among the events of all runs; ``seq`` counts in its own run."""

    position: int = Field(description="grows, not without gaps; the stream's `id`")
    run: str
    pipeline: str
    subject: str = Field(description="what the run is about")
    video: str | None = Field(description="that the run works on")

    @classmethod
    def of_log(cls, event: LoggedEvent) -> Self:
        """Show an event of the log."""
        return cls(**event._asdict())


class LoggedEventPage(Page[LoggedEventView]):
    """Events in order; with ``next_cursor`` as ``after`` come those that follow, and those still to happen."""


class ProgressView(Shape):
    """How far a stage is; it comes between the events of a stream, without an id."""

    run: str
    pipeline: str
    subject: str
    video: str | None
    stage: str
    progress: float = Field(description="0 to 1")

    @classmethod
    def of(cls, about: RunAbout, progress: Progress) -> Self:
        """Show the progress of a stage."""
        return cls(**about._asdict(), stage=progress.stage, progress=progress.fraction)
