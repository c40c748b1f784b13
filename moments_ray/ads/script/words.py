"""The script of an ad: what is said and seen, checked as it is made."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator

from moments_ray.ads.script.styles import Scene, Template, scenes_in_order


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Analysis(_Part):
    """What a model saw in the product's picture."""

    features: tuple[str, ...] = Field((), max_length=12)
    benefits: tuple[str, ...] = Field((), max_length=12)
    usps: tuple[str, ...] = Field((), max_length=12)
    colors: tuple[str, ...] = Field((), max_length=12)
    category: str = Field("", max_length=200)

    @property
    def text(self) -> str:
        """All of its words."""
        return ". ".join((*self.features, *self.benefits, *self.usps, *self.colors, self.category))


class Usage(_Part):
    """What writing took."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0


class Script(_Part):
    """A whole script; ``model`` is who wrote it, ``backend`` whether that was a part of the product."""

    hook: str = Field(min_length=1, max_length=300)
    cta: str = Field(min_length=1, max_length=300)
    scenes: tuple[Scene, ...]
    product_analysis: Analysis | None = None
    model: str
    backend: str
    usage: Usage = Usage()
    warnings: tuple[str, ...] = ()

    @field_validator("scenes")
    @classmethod
    def _ordered(cls, scenes: tuple[Scene, ...]) -> tuple[Scene, ...]:
        return scenes_in_order(scenes)


class Written(_Part):
    """What a writer answers: the words alone, for scenes whose form is the template's."""

    hook: str = Field(min_length=1, max_length=300)
    cta: str = Field(min_length=1, max_length=300)
    voiceovers: tuple[str, str, str, str] = Field(description="what is said in scenes 1 to 4")
    visual_prompts: tuple[str, str, str, str] = Field(description="what is seen in scenes 1 to 4")


def fill(template: Template, written: Written) -> tuple[Scene, ...]:
    """Return a style's scenes with somebody's words in them."""
    pairs = zip(template.scenes, written.voiceovers, written.visual_prompts, strict=True)
    return tuple(
        Scene.model_validate({**scene.model_dump(), "voiceover_text": said, "visual_prompt": seen})
        for scene, said, seen in pairs
    )
