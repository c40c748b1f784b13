"""A timeline: which parts of a video are shown, in which order, and with what.

All times are seconds of the source, inside a segment too.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from moments_ray.http.schemas.options import Text
from moments_ray.media.render.effects import Effect
from moments_ray.media.render.plan import CaptionPosition, CaptionStyle, SoundName

MOST_SEGMENTS = 500
MOST_CAPTIONS = 5000
MOST_BEATS = 20_000

Seconds = Annotated[FiniteFloat, Field(ge=0, le=172_800)]
Aspect = Literal["vertical", "square", "wide", "source"]
TemplateName = Literal["realistic_chaos", "clean", "beat_cut", "podcast", "highlights"]


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
    """A sound effect at the start of a segment, or ``at`` a time of the source."""

    name: SoundName
    path: str | None = None
    duration: Annotated[float, Field(gt=0, le=30)] | None = None
    at: Seconds | None = None


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
    version: int | None = None
    warnings: tuple[TimelineWarning, ...] = ()

    def over(self, standing: Timeline) -> Timeline:
        """Return the standing timeline with what was given in its place; what is the server's alone is left out."""
        given = {name: getattr(self, name) for name in self.model_fields_set & set(Timeline.model_fields)}
        return standing.model_copy(update=given)
