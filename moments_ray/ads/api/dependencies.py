"""What the routes of ads ask for by type."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query

from moments_ray.ads.service import AdService
from moments_ray.http.dependencies import Dependencies
from moments_ray.models.registry import ModelRegistry

Scene = Annotated[int, Path(ge=1, le=4)]
Variant = Annotated[int, Query(ge=1, le=5, description="which film of several")]
WithPicture = Annotated[bool, Query(description="whether a file with the product's picture will come with it")]


async def _service(dependencies: Dependencies) -> AdService:
    environment = dependencies.environment
    registry = ModelRegistry(environment.database, dependencies.redis, environment.settings)
    return AdService(environment, dependencies.run_service, registry)


Service = Annotated[AdService, Depends(_service)]
