"""Figures of the whole deployment, for a dashboard."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from moments_ray.http.dependencies import Dependencies
from moments_ray.http.schemas.base import Shape
from moments_ray.moments.queries.statistics import Statistics
from moments_ray.states import RunStatus

router = APIRouter(prefix="/api/statistics", tags=["videos"])


class HourView(Shape):
    """How many runs ended in an hour."""

    hour: datetime = Field(description="its beginning")
    completed: int = Field(description="also those with errors")
    failed: int


class StatisticsView(Shape):
    """What there is, what waits, and what ended in the last day."""

    videos: int
    video_hours: float
    moments: int = Field(description="that users see")
    clips: int
    runs: dict[RunStatus, int]
    waiting_by_priority: dict[int, int]
    oldest_waiting_seconds: float | None
    seconds_a_minute: float | None = Field(
        description="the median time that a minute of video took in the last day, by the whole pipeline"
    )
    last_day: list[HourView] = Field(min_length=24, max_length=24, description="hours, the present one last")


@router.get("")
async def read_statistics(dependencies: Dependencies) -> StatisticsView:
    """Return figures of all videos, moments, clips and runs."""
    async with dependencies.environment.database.read() as session:
        return StatisticsView(**await Statistics(session).figures())
