"""What a caller may ask of the editor, checked before anything is written."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from moments_ray.editor.timeline import Aspect
from moments_ray.http.schemas.base import RequestBody
from moments_ray.media.render.plan import Quality
from moments_ray.settings import TemplateName

ProjectStatus = Literal["new", "ingested", "analyzing", "analyzed", "rendering", "rendered", "failed"]
RenderStatus = Literal["queued", "started", "rendering", "finished", "failed"]


class RenderBody(RequestBody):
    """How a film is made."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"preset": "vertical", "captions": True}]})

    watermark: bool | None = Field(None, description="unset: as the deployment says")
    preset: Aspect | None = Field(None, description="shape of the film; unset: the timeline's `aspect`")
    quality: Quality = Field("final", description="`draft` is half as wide and quick")
    captions: bool = Field(True, description="draw the timeline's captions")
    loudness: Annotated[float, Field(ge=-36, le=-8)] | None = Field(None, description="LUFS; unset: as it is")


class AnalyseBody(RequestBody):
    """How a timeline is made."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"template": "highlights"}]})

    template: TemplateName | None = Field(None, description="unset: as the deployment says")
    seed: Annotated[int, Field(ge=0, le=2**31, description="of what the template draws; the same draws the same")] = 0
    keep_segments: bool = Field(False, description="take over beats and captions alone")
