"""The four styles, each four scenes of half a minute together; the last one is a still picture."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, StringConstraints, model_validator

from moments_ray.errors import InvalidRequest

StyleName = Literal["luxury", "energetic", "minimal", "bold"]
Role = Literal["hook", "feature", "benefit", "call_to_action"]
Camera = Literal["push_in", "pan", "drift", "pull_back", "orbit", "whip_in", "turn", "still"]
Transition = Literal["cut", "fade", "flash", "wipe"]
CaptionStyle = Literal["pop", "karaoke", "box", "classic", "minimal", "bold_center"]
Mode = Literal["pad", "four_on_floor", "plucks", "drums"]
Filled = Annotated[str, StringConstraints(min_length=1, max_length=600)]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$", examples=["#0f3b57"])]

SECONDS = 30.0
_ROUNDING = 0.01


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Music(_Part):
    """The bed under a film."""

    bpm: int = Field(ge=40, le=200)
    mode: Mode


class Voice(_Part):
    """How the embedded voice speaks: words a minute, and a pitch from 0 to 99."""

    rate: int = Field(ge=80, le=250)
    pitch: int = Field(ge=0, le=99)


class Scene(_Part):
    """One scene: its seconds, what a painter is asked for, how the camera moves, and what is said."""

    scene_number: int = Field(ge=1, le=4)
    role: Role
    duration: FiniteFloat = Field(gt=0)
    static_image: bool
    visual_prompt: Filled
    negative_prompt: Filled
    camera: Camera
    transition: Transition
    caption_style: CaptionStyle
    voiceover_text: Filled


def scenes_in_order(scenes: tuple[Scene, ...]) -> tuple[Scene, ...]:
    """Return four scenes that are numbered 1 to 4, last half a minute together, and end in a still.

    Raises:
        ValueError: they are not.
    """
    if [scene.scene_number for scene in scenes] != [1, 2, 3, 4]:
        raise ValueError("an ad has four scenes, numbered 1 to 4 in order")
    if abs(sum(scene.duration for scene in scenes) - SECONDS) > _ROUNDING:
        raise ValueError(f"the scenes of an ad last {SECONDS:g} seconds together")
    if not scenes[3].static_image:
        raise ValueError("the fourth scene of an ad is a still picture")
    return scenes


class Template(_Part):
    """A style: colours (ground, accent, text, second ground), face, music, voice and scenes."""

    style: StyleName
    description: Filled
    palette: tuple[Colour, Colour, Colour, Colour]
    font: Filled
    music: Music
    voice: Voice
    scenes: tuple[Scene, ...]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        scenes_in_order(self.scenes)
        return self


@cache
def _templates() -> dict[str, Template]:
    raw = json.loads(resources.files(__package__).joinpath("styles.json").read_text("utf-8"))
    return {each["style"]: Template.model_validate(each) for each in raw}


def list_styles() -> tuple[str, ...]:
    """Return the names of the styles."""
    return tuple(_templates())


def template(style: str) -> Template:
    """Return a style.

    Raises:
        InvalidRequest: there is none of this name; the message lists those there are.
    """
    found = _templates().get(style)
    if found is None:
        raise InvalidRequest(f"There is no style {style[:40]!r}: choose one of {', '.join(list_styles())}.")
    return found
