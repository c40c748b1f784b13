"""What the editor asks models to be; where none is configured, a part of the product does it or says that it cannot."""

from __future__ import annotations

from moments_ray.models.entry import ModelKind
from moments_ray.models.roles import Role
from moments_ray.settings import Quota

ASSISTANT = Role("assistant", kinds=(ModelKind.LLM,), quota=Quota(at_once=2), preferred=("anthropic",))
VIDEO_MAKER = Role("video_maker", kinds=(ModelKind.VIDEO,), quota=Quota(at_once=2), preferred=("replicate_video",))
IMAGE_MAKER = Role("image_maker", kinds=(ModelKind.IMAGE,), quota=Quota(at_once=2), preferred=("openai_image",))
