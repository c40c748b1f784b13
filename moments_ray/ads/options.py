"""What a caller may ask of an ad, checked before anything is written.

Routes, the client and the command line take their options from here, so nothing heavier than pydantic is imported.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from moments_ray.ads.script.styles import StyleName
from moments_ray.http.schemas.base import RequestBody
from moments_ray.http.schemas.options import SOMETHING, BaseRunOptions, ModelKey, Text

StageName = Literal["script_gen", "voice_gen", "video_gen", "compositing"]
JobStatus = Literal["pending", "processing", "completed", "failed", "cancelled"]
Maker = Annotated[ModelKey | None, Field(examples=["embedded"])]
FontName = Literal["Anton", "Archivo Black", "Poppins"]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]


class AdOptions(BaseRunOptions):
    """An ad: of what, in which style, and what its viewers are asked to do."""

    product_name: Annotated[Text, Field(min_length=1, max_length=120, pattern=SOMETHING)] = Field(
        description="what is advertised", examples=["Aurora bottle"]
    )
    style: StyleName = Field(description="how it looks and sounds")
    cta_text: Annotated[Text, Field(min_length=1, max_length=60, pattern=SOMETHING)] = Field(
        description="what its viewers are asked to do", examples=["Order today"]
    )
    description: Annotated[Text, Field(max_length=2000)] = Field(
        "", description="facts about the product: nothing else is claimed of it"
    )
    product_image_url: Annotated[Text | None, Field(max_length=4096)] = Field(
        None, description="where a picture of the product is: JPEG, PNG, GIF or WebP, 20 MiB at most"
    )
    language: str = Field("en", pattern=r"^[a-z]{2,3}(-[A-Za-z]{2,4})?$", description="in which is spoken")
    voice: Annotated[Text | None, Field(max_length=100)] = Field(
        None, description="a voice by the speaker's name for it; `none`: nobody speaks"
    )
    aspect_ratio: Literal["9:16", "1:1", "16:9"] = Field("9:16", description="the shape of the film")
    music: Literal["style", "none"] = Field("style", description="the bed under the film")
    captions: bool = Field(True, description="draw what is said into the film")
    brand_color: Colour | None = Field(None, description="takes the place of the style's accent, as #rrggbb")
    brand_font: FontName | None = Field(None, description="the face of words in the picture, in place of the style's")
    max_cost_usd: float | None = Field(
        None, ge=0, le=10_000, description="the most it may cost; unset: as the deployment is set; 0: no model is paid"
    )
    variants: int = Field(1, ge=1, le=5, description="films with words of their own")
    stop_after: StageName | None = Field(None, description="go no further; a retry goes on")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="equal seeds make equal ads, as far as no model is asked")
    draft: bool = Field(False, description="encode the film quickly and coarsely")
    writer: Maker = Field(None, description="key of the model that writes; `embedded`: none")
    speaker: Maker = Field(None, description="key of the model that speaks; `embedded`: none")
    filmer: Maker = Field(None, description="key of the model that films scenes 1 to 3; `embedded`: none")
    painter: Maker = Field(None, description="key of the model that paints scene 4; `embedded`: none")
    fallback: Literal["embedded"] | None = Field(
        None, description="`embedded`: where a model refuses, do without it; unset: fail"
    )


class RetryAd(RequestBody):
    """From which stage on an ad is made again; unset: it goes on where it stopped."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"max_cost_usd": 2.5}]})

    from_stage: StageName | None = None
    max_cost_usd: float | None = Field(None, ge=0, le=10_000, description="a new limit")


class RegenerateScene(RequestBody):
    """What of a scene is made again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"voice": False}]})

    voice: bool = False
    picture: bool = True
