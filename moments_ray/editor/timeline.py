"""A timeline: which parts of a video are shown, in which order, and with what.

All times are seconds of the source, inside a segment too.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from moments_ray.http.schemas.options import Text
from moments_ray.media.render.effects import Effect
from moments_ray.media.render.plan import CaptionPosition, CaptionStyle, SoundName, TransitionName
from moments_ray.settings import TemplateName

_SOUNDS: tuple[SoundName, ...] = get_args(SoundName)
MOST_SEGMENTS = 500
MOST_CAPTIONS = 5000
MOST_BEATS = 20_000

BedName = Literal["calm", "drive", "bright", "tense"]
SoundPath = Annotated[Text, Field(min_length=1, max_length=1000)]
"""A place of an asset, as ``places`` takes it."""
Seconds = Annotated[FiniteFloat, Field(ge=0, le=172_800)]
Aspect = Literal["vertical", "square", "wide", "source"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class _Sparse(_Part):
    """A part that says only what was given or is not as usual, as the document's examples do."""

    @model_serializer(mode="wrap")
    def _without_defaults(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        kept: dict[str, Any] = handler(self)
        fields = type(self).model_fields
        return {
            name: value
            for name, value in kept.items()
            if fields[name].is_required() or getattr(self, name) != fields[name].get_default(call_default_factory=True)
        }


class CaptionWord(_Part):
    """A word of a caption, with its own time."""

    text: Annotated[Text, Field(max_length=100)]
    start: Seconds
    end: Seconds


class CaptionSegment(_Sparse):
    """A caption; with ``words`` each lights up in its time, where the style does that."""

    text: Annotated[Text, Field(min_length=1, max_length=500)]
    start: Seconds
    end: Seconds
    words: tuple[CaptionWord, ...] = Field((), max_length=100)
    style: CaptionStyle | None = None
    position: CaptionPosition | None = None


class SegmentSound(_Sparse):
    """A sound at the start of a segment, or ``at`` a time of the source: a built-in one, or that of an asset."""

    name: Annotated[Text, Field(min_length=1, max_length=100)]
    path: SoundPath | None = None
    duration: Annotated[float, Field(gt=0, le=30)] | None = None
    at: Seconds | None = None

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.path is None and self.name not in _SOUNDS:
            raise ValueError(f"there is no sound {self.name!r}: there are {', '.join(_SOUNDS)}")
        return self


class Music(_Sparse):
    """Music under the whole film: a built-in bed, or the sound of an asset; it makes room for what is said."""

    name: BedName | None = None
    path: SoundPath | None = None
    volume: Annotated[float, Field(gt=0, le=4)] = 1.0
    duck: bool = True

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.name is None) == (self.path is None):
            raise ValueError("name a built-in bed, or give the path of an asset, and not both")
        return self


class Transition(_Sparse):
    """How a segment comes out of the one before, which runs on for so many seconds."""

    name: TransitionName
    duration: Annotated[float, Field(ge=0.1, le=2)] = 0.5


class CropPoint(_Part):
    """Where the picture is cut out, from the left (0) to the right (1)."""

    x: Annotated[float, Field(ge=0, le=1)]


def _effect(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


def _short(effect: Effect) -> str | dict[str, Any]:
    return effect.name if effect.amount == 1 else effect.model_dump()


NamedEffect = Annotated[Effect, BeforeValidator(_effect), PlainSerializer(_short)]


class TimelineSegment(_Sparse):
    """A part of the source, ``[start, end)``, played in the order of the list.

    Without ``captions`` those of the timeline are drawn; an empty list draws none.
    """

    name: Annotated[Text, Field(min_length=1, max_length=100)]
    start: Seconds
    end: Seconds
    effects: tuple[NamedEffect, ...] = ()
    beats: tuple[Seconds, ...] = Field((), max_length=1000)
    captions: tuple[CaptionSegment, ...] | None = Field(None, max_length=200)
    sfx: SegmentSound | None = None
    speed: Annotated[float, Field(ge=0.25, le=4)] = 1.0
    crop: Literal["auto", "center", "left", "right"] | CropPoint = "auto"
    volume: Annotated[float, Field(ge=0, le=4)] = 1.0
    transition: Transition | None = None


class Crop(_Part):
    """Where a segment's picture is cut out at its start, from the left (0) to the right (1), and who chose that."""

    x: float = 0.5
    method: Literal["faces", "attention", "center", "manual"] = "center"
    confidence: float = 0.0


class AssetPlace(_Part):
    """Where the source is; told by the server, whatever is sent."""

    path: str
    url: str


class Timeline(_Part):
    """A timeline as it is stored."""

    beats: tuple[Seconds, ...] = Field((), max_length=MOST_BEATS)
    tempo: Annotated[float, Field(ge=0, le=1000)] = 0.0
    captions: tuple[CaptionSegment, ...] = Field((), max_length=MOST_CAPTIONS)
    segments: tuple[TimelineSegment, ...] = Field((), max_length=MOST_SEGMENTS)
    template_name: TemplateName | None = None
    caption_style: CaptionStyle = "pop"
    aspect: Aspect = "vertical"
    music: Music | None = None


class TimelineWarning(_Part):
    """What will not come out as it seems to be meant; ``segment`` counts from 0."""

    code: str
    message: str
    segment: int | None = None


class TimelineData(Timeline):
    """A timeline as it is shown."""

    asset: AssetPlace
    version: int
    warnings: tuple[TimelineWarning, ...] = ()


class TimelineChange(_Part):
    """A timeline as it is sent: keys that are left out keep their value."""

    asset: dict[str, Any] | None = None
    beats: tuple[Seconds, ...] = Field((), max_length=MOST_BEATS)
    tempo: Annotated[float, Field(ge=0, le=1000)] = 0.0
    captions: tuple[CaptionSegment, ...] = Field((), max_length=MOST_CAPTIONS)
    segments: tuple[TimelineSegment, ...] = Field((), max_length=MOST_SEGMENTS)
    template_name: TemplateName | None = None
    caption_style: CaptionStyle = "pop"
    aspect: Aspect = "vertical"
    music: Music | None = None
    version: int | None = None
    warnings: tuple[TimelineWarning, ...] = ()

    def over(self, standing: Timeline) -> Timeline:
        """Return the standing timeline with what was given in its place; what is the server's alone is left out."""
        given = {name: getattr(self, name) for name in self.model_fields_set & set(Timeline.model_fields)}
        return standing.model_copy(update=given)
