"""What the routes of moments ask for by type."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from moments_ray.library.api.starting import Library
from moments_ray.moments.service import MomentsService


async def _moments(library: Library) -> MomentsService:
    return MomentsService(library)


Starting = Annotated[MomentsService, Depends(_moments)]
