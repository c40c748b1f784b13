"""What a run of the moments pipeline is asked for, in the parts that its stages take."""

from __future__ import annotations

from typing import Self

from pydantic import Field, FiniteFloat, model_validator

from moments_ray.moments.options import FindOptions
from moments_ray.pipeline import Value


class Source(Value):
    """Where the video comes from: a URL, or a file on the machine that submits."""

    url: str | None = None
    path: str | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.url is None) == (self.path is None):
            raise ValueError("a source is either a url or a path")
        return self


class SpeechOptions(Value):
    """How speech becomes words; ``captions`` names an object holding a caption file that a person gave."""

    transcriber: str | None = None
    captions: str | None = None


class GenerationOptions(Value):
    """Who finds moments, and which."""

    model: str = "local"
    find: FindOptions = Field(default_factory=FindOptions)


class RefinementOptions(Value):
    """Who looks at each moment again; ``watches_video`` is what the registry says of the model.

    ``padding_left`` and ``padding_right`` are the seconds around a moment that it is shown.
    """

    model: str = "local"
    watches_video: bool = True
    padding_left: FiniteFloat = Field(5.0, ge=0, le=60)
    padding_right: FiniteFloat = Field(5.0, ge=0, le=60)


class DeliveryOptions(Value):
    """The clips a user plays."""

    deliver_clips: bool = True
    preset: str = "source"


class MomentsRequest(Value):
    """A run of the moments pipeline."""

    source: Source
    speech: SpeechOptions = Field(default_factory=SpeechOptions)
    generation: GenerationOptions = Field(default_factory=GenerationOptions)
    refinement: RefinementOptions = Field(default_factory=RefinementOptions)
    delivery: DeliveryOptions = Field(default_factory=DeliveryOptions)
