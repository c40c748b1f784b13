"""What a run of the moments pipeline is asked for, in the parts that its stages take."""

from __future__ import annotations

from typing import Self

from pydantic import Field, FiniteFloat, JsonValue, model_validator

from moments_ray.media.cut import Preset
from moments_ray.models.conversation import Sampling
from moments_ray.moments.options import FindOptions
from moments_ray.pipeline import Value
from moments_ray.stages.values import GeneratedMoment


class Source(Value):
    """Where the video comes from: a URL, a file on the machine that submits, or an object that was uploaded."""

    url: str | None = None
    path: str | None = None
    stored: str | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if sum(each is not None for each in (self.url, self.path, self.stored)) != 1:
            raise ValueError("a source is a url, a path or the name of a stored object")
        return self


class SpeechOptions(Value):
    """How speech becomes words; ``captions`` names an object holding a caption file that a person gave."""

    transcriber: str | None = None
    captions: str | None = None


class GenerationOptions(Value):
    """Who finds moments, and which."""

    model: str = "local"
    sampling: Sampling = Field(default_factory=Sampling)
    find: FindOptions = Field(default_factory=FindOptions)


class RefinementOptions(Value):
    """Who looks at each moment again; ``watches_video`` is what the registry says of the model.

    ``padding_left`` and ``padding_right`` are the seconds around a moment that it is shown.
    """

    model: str = "local"
    sampling: Sampling = Field(default_factory=Sampling)
    prompt: str | None = None
    watches_video: bool = True
    padding_left: FiniteFloat = Field(5.0, ge=0, le=60)
    padding_right: FiniteFloat = Field(5.0, ge=0, le=60)


class DeliveryOptions(Value):
    """The clips a user plays."""

    deliver_clips: bool = True
    preset: Preset = "source"
    burn_captions: bool = False


class ClipOptions(Value):
    """How clips of given moments are cut; padding is seconds around a moment.

    ``captions_by`` names the engine whose transcript is drawn into the pictures.
    """

    preset: Preset = "source"
    captions_by: str | None = None
    padding_left: FiniteFloat = Field(0.0, ge=0, le=60)
    padding_right: FiniteFloat = Field(0.0, ge=0, le=60)


class ChosenMoments(Value):
    """Moments as they stood when somebody chose them: with other edges it is another request."""

    moments: tuple[GeneratedMoment, ...]


class VideoRequest(Value):
    """What every run over a video is asked for.

    ``fresh`` makes every stage anew, though an earlier run's output of the same inputs stands; ``metadata`` is the
    caller's own.
    """

    source: Source
    fresh: bool = False
    metadata: dict[str, JsonValue] = Field(default_factory=dict)


class TranscriptRequest(VideoRequest):
    """A run up to the transcript."""

    speech: SpeechOptions = Field(default_factory=SpeechOptions)


class GenerationRequest(TranscriptRequest):
    """A run up to the generated moments."""

    generation: GenerationOptions = Field(default_factory=GenerationOptions)


class MomentsRequest(GenerationRequest):
    """A run of the whole moments pipeline."""

    refinement: RefinementOptions = Field(default_factory=RefinementOptions)
    delivery: DeliveryOptions = Field(default_factory=DeliveryOptions)


class RefinementRequest(MomentsRequest):
    """A run that refines chosen moments."""

    chosen: ChosenMoments


class ClipsRequest(VideoRequest):
    """A run that cuts clips of chosen moments."""

    chosen: ChosenMoments
    clips: ClipOptions = Field(default_factory=ClipOptions)
