"""What search finds."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field

from moments_ray.database.repositories.search import Hit
from serve_app.schemas.base import Shape


class HitView(Shape):
    """A place where the words were found; times are seconds of the video, null where it is its title."""

    video: str = Field(description="the video's identifier")
    kind: Literal["title", "moment", "transcript"]
    moment: str | None = Field(description="the moment's identifier, where it is a moment's title")
    start_time: float | None
    end_time: float | None
    text: str
    score: float = Field(description="higher is better; comparable within one answer")

    @classmethod
    def of(cls, hit: Hit) -> Self:
        """Show a hit."""
        return cls(**vars(hit))
