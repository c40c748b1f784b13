"""What moments asks models to be: who finds them, and who looks at their edges again."""

from __future__ import annotations

from moments_ray.models.entry import ModelKind
from moments_ray.models.registry import LOCAL
from moments_ray.models.roles import Role
from moments_ray.settings import Quota

_PREFERRED = ("qwen3_vl_fp8", LOCAL)

MOMENT_GENERATOR = Role("moment_generator", kinds=(ModelKind.LLM,), quota=Quota(at_once=2), preferred=_PREFERRED)
REFINER = Role("refiner", kinds=(ModelKind.LLM,), quota=Quota(at_once=1), preferred=_PREFERRED)
