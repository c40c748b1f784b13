"""What ads ask models to be; where none is configured, a part of the product does it."""

from __future__ import annotations

from moments_ray.models.entry import ModelKind
from moments_ray.models.roles import Role
from moments_ray.settings import Quota

SCRIPT_WRITER = Role("script_writer", kinds=(ModelKind.LLM,), quota=Quota(at_once=2), preferred=("anthropic",))
SPEAKER = Role("speaker", kinds=(ModelKind.TTS,), quota=Quota(at_once=2), preferred=("elevenlabs", "openai_speech"))
FILMER = Role("filmer", kinds=(ModelKind.VIDEO,), quota=Quota(at_once=2), preferred=("replicate_video",))
PAINTER = Role(
    "painter", kinds=(ModelKind.IMAGE,), quota=Quota(at_once=2), preferred=("openai_image", "replicate_image")
)
