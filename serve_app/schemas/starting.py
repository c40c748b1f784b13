"""Requests that start work, and what they answer."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from moments_ray.library.options import RunOptions, Text
from serve_app.schemas.base import Asked, Shape
from serve_app.schemas.runs import RunView
from serve_app.schemas.videos import VideoView

Url = Annotated[Text, Field(min_length=1, max_length=4096, examples=["https://example.org/talk.mp4"])]
Title = Annotated[Text, Field(max_length=10_000)]


class VideoStarted(Shape):
    """A video, and the run that works on it; null where nothing ever did."""

    video: VideoView
    run: RunView | None


class AddVideo(RunOptions):
    """A video at a URL; the options of the pipeline count with ``process``."""

    url: Url
    title: Title | None = None
    process: bool = Field(False, description="also find its moments")


class StartPipeline(RunOptions):
    """The whole pipeline on a video at a URL, or on one that is here."""

    url: Url | None = None
    video_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.url is None) == (self.video_id is None):
            raise ValueError("give either url or video_id")
        return self


class AddMoment(Asked):
    """A moment that a person found; times in seconds from the start of the source."""

    title: Title
    start_time: float = Field(ge=0)
    end_time: float = Field(gt=0)
    reason: Title | None = None


class EditMoment(Asked):
    """What to change of a moment; what is left out stays."""

    title: Title | None = None
    start_time: float | None = Field(None, ge=0)
    end_time: float | None = Field(None, gt=0)
