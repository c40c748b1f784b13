"""What a caller may ask of a run, checked before anything is written."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from moments_ray.library.options import (
    AskedRun,
    ModelKey,
    Text,
    TranscriptAsked,
)
from moments_ray.media.cut import Preset
from moments_ray.models.conversation import Sampling
from moments_ray.moments.finding.options import FindOptions, find_options
from moments_ray.moments.values import DeliveryOptions


class RunOptions(TranscriptAsked):
    """Moments, and how they are found, refined and cut. Times are seconds."""

    generation_model: ModelKey | None = Field(None, description="who finds moments", examples=["local"])
    refinement_model: ModelKey | None = Field(None, description="who refines their edges", examples=["local"])
    prompt: Text | None = Field(None, max_length=10_000, description="what to look for")
    topic: Text | None = Field(None, max_length=10_000)
    time_range: tuple[float, float] | None = Field(None, description="look only from here to there")
    count: int | None = Field(None, ge=1, le=100, description="unset: about one a minute, at most 12")
    min_seconds: float | None = Field(None, gt=0)
    max_seconds: float | None = Field(None, gt=0)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    top_k: int | None = Field(None, ge=-1, le=100_000)
    max_tokens: int | None = Field(None, ge=16, le=1_000_000)
    deliver_clips: bool = Field(True, description="cut the clip that a user plays")
    preset: Preset = "source"
    burn_captions: bool = Field(False, description="draw what is said into the pictures of the clips")

    def find(self) -> FindOptions:
        """Return what to look for.

        Raises:
            InvalidRequest: the options contradict each other.
        """
        return find_options(
            count=self.count,
            min_seconds=self.min_seconds,
            max_seconds=self.max_seconds,
            prompt=self.prompt,
            topic=self.topic,
            time_range=self.time_range,
        )

    def sampling(self) -> Sampling:
        """Return how freely models choose their words."""
        return Sampling(temperature=self.temperature, top_p=self.top_p, top_k=self.top_k, max_tokens=self.max_tokens)

    def delivery(self) -> DeliveryOptions:
        """Return what to cut for the user."""
        return DeliveryOptions(deliver_clips=self.deliver_clips, preset=self.preset, burn_captions=self.burn_captions)


class RefinementAsked(AskedRun):
    """A second look at one moment's edges."""

    refinement_model: ModelKey | None = None
    prompt: Text | None = Field(None, max_length=10_000)
    preset: Preset = "source"
    burn_captions: bool = Field(False, description="draw what is said into the pictures of the clips")


class ClipsAsked(AskedRun):
    """Clips of some moments, or of all that a user sees."""

    moment_ids: list[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]] | None = Field(
        None, min_length=1, max_length=1000, description="unset: every moment that a user sees"
    )
    preset: Preset = "source"
    burn_captions: bool = Field(False, description="draw what is said into the pictures of the clips")
    padding: float = Field(0.0, ge=0, le=60, description="seconds on both sides")
