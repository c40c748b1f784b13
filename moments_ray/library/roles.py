"""What the library asks models to be."""

from __future__ import annotations

from moments_ray.models.entry import ModelKind
from moments_ray.models.roles import Role
from moments_ray.settings import Quota

TRANSCRIBER = Role("transcriber", kinds=(ModelKind.ASR,), quota=Quota(at_once=2))
