"""Videos."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import Field

from moments_ray.database.tables import Video
from moments_ray.states import VideoStatus
from serve_app.schemas.base import Shape


class VideoView(Shape):
    """A video; its figures are null until its bytes are here."""

    identifier: str
    status: VideoStatus = Field(description="`pending` until its bytes are here")
    title: str | None
    source_url: str | None = Field(description="null for an upload")
    duration: float | None = Field(description="seconds")
    resolution: str | None = Field(examples=["1280x720"])
    width: int | None
    height: int | None
    fps: float | None
    codec: str | None
    bytes: int | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, video: Video) -> Self:
        """Show a row."""
        return cls(**{name: getattr(video, name) for name in cls.model_fields})
