"""What a caller may ask of moments, checked before anything is written.

Routes, the client and the command line take their options from here, so nothing heavier than pydantic is imported.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from moments_ray.http.schemas.base import RequestBody
from moments_ray.http.schemas.options import BaseRunOptions, ModelKey, Text
from moments_ray.library.options import TranscriptOptions
from moments_ray.media.presets import Preset
from moments_ray.models.conversation import Sampling
from moments_ray.moments.finding.options import (
    LONGEST_PROMPT,
    MAX_SECONDS,
    MIN_SECONDS,
    MOST_ASKED,
    FindOptions,
    find_options,
)

ExportFormat = Literal["json", "csv", "srt", "vtt", "edl", "otio", "fcpxml", "chapters"]
Prompt = Annotated[Text, Field(max_length=LONGEST_PROMPT)]
RefinementModel = Annotated[
    ModelKey | None, Field(description="key of the model that refines the edges of moments", examples=["local"])
]


class MomentOptions(RequestBody):
    """Which moments to look for, and who finds them. Times are seconds."""

    count: int | None = Field(
        None,
        ge=1,
        le=MOST_ASKED,
        description="how many moments at most; unset: about one a minute, fewer in a long video",
    )
    min_seconds: float | None = Field(
        None, gt=0, description=f"the shortest moment, in seconds; unset: {MIN_SECONDS:g}, or what the longest allows"
    )
    max_seconds: float | None = Field(
        None, gt=0, description=f"the longest moment, in seconds; unset: {MAX_SECONDS:g}, or what the shortest asks"
    )
    prompt: Prompt | None = Field(None, description="what to look for, in words")
    topic: Prompt | None = Field(None, description="what moments should be about")
    time_range: tuple[float, float] | None = Field(None, description="look only from here to there, in seconds")
    fill: bool = Field(
        True, description="let the local finder add moments, marked as its own, where a model finds fewer than asked"
    )
    generation_model: ModelKey | None = Field(
        None, description="key of the model that finds moments", examples=["local"]
    )
    temperature: float | None = Field(
        None, ge=0, le=2, description="temperature of the models; unset: as they are registered"
    )
    top_p: float | None = Field(
        None, gt=0, le=1, description="nucleus of the models' sampling; unset: as they are registered"
    )
    top_k: int | None = Field(
        None, ge=-1, le=100_000, description="words the models choose from; unset: as they are registered"
    )
    max_tokens: int | None = Field(
        None, ge=16, le=1_000_000, description="longest answer of the models; unset: as they are registered"
    )

    @model_validator(mode="after")
    def _agree(self) -> Self:
        self.find()
        return self

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
            fill=self.fill,
        )

    def sampling(self) -> Sampling:
        """Return how freely models choose their words."""
        return Sampling(temperature=self.temperature, top_p=self.top_p, top_k=self.top_k, max_tokens=self.max_tokens)


class CutOptions(RequestBody):
    """How clips are cut."""

    preset: Preset = Field(
        "source",
        description="how clips are encoded: `source` changes nothing, `web` plays anywhere, `vertical` fills a phone",
    )
    burn_captions: bool = Field(False, description="draw what is said into the pictures of the clips")


class PaddedCutOptions(CutOptions):
    """How clips are cut, and how much around what they are of."""

    padding: float = Field(0.0, ge=0, le=60, description="seconds on both sides")


class RunOptions(TranscriptOptions, CutOptions, MomentOptions):
    """Moments, and how they are found, refined and cut."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"count": 5, "min_seconds": 20, "max_seconds": 60, "prompt": "surprising facts", "preset": "web"}
            ]
        }
    )

    refinement_model: RefinementModel = None
    deliver_clips: bool = Field(True, description="cut the clip that a user plays")
    site_signals: bool = Field(
        True, description="let the video's chapters and how often its parts were replayed count, where its site tells"
    )
    chapters: bool = Field(False, description="take the video's own chapters as its moments, if it has any")


class RefineMomentOptions(BaseRunOptions, CutOptions):
    """A second look at one moment's edges."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"refinement_model": "local", "prompt": "begin with the question"}]}
    )

    refinement_model: RefinementModel = None
    prompt: Prompt | None = None


class ExtractClipsOptions(BaseRunOptions, PaddedCutOptions):
    """Clips of some moments, or of all that a user sees."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"moment_ids": ["7d3a1c52-0e0b-4a1c-9d1e-2b6f4c8a9e10"], "preset": "vertical", "burn_captions": True}
            ]
        }
    )

    moment_ids: list[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]] | None = Field(
        None, min_length=1, max_length=1000, description="unset: every moment that a user sees"
    )
    only_stale: bool = Field(
        False, description="of these, the moments alone whose clip of this preset was cut for other edges"
    )
