"""The models that can be asked: where they are and what they can, for those who run the deployment."""

from __future__ import annotations

from fastapi import APIRouter, Response

from moments_ray.http.dependencies import Dependencies, ModelKey
from moments_ray.http.problems import problems
from moments_ray.http.schemas.base import Page
from moments_ray.http.schemas.models import ModelView, PatchModel, PutModel
from moments_ray.models.entry import ModelEntry
from moments_ray.models.gateway import Gateway
from moments_ray.models.probe import ModelProbe

router = APIRouter(prefix="/api/admin/models", tags=["admin"])


@router.get("")
async def list_models(dependencies: Dependencies) -> Page[ModelView]:
    """List every model there is, by key."""
    entries = await dependencies.environment.service(Gateway).registry.entries()
    return Page(items=[_view(dependencies, entries[key]) for key in sorted(entries)])


@router.get("/{key}", responses=problems(404))
async def read_model(dependencies: Dependencies, key: ModelKey) -> ModelView:
    """Return a model."""
    return _view(dependencies, await dependencies.environment.service(Gateway).registry.get(key))


@router.put(
    "/{key}", responses={201: {"model": ModelView, "description": "There was none of this key."}, **problems(409)}
)
async def put_model(dependencies: Dependencies, key: ModelKey, body: PutModel, response: Response) -> ModelView:
    """Write a whole entry: a new model, or another one in the place of that of this key."""
    registry = dependencies.environment.service(Gateway).registry
    response.status_code = 200 if key in await registry.entries() else 201
    return _view(dependencies, await registry.put(key, body.fields))


@router.patch("/{key}", responses=problems(404, 409))
async def change_model(dependencies: Dependencies, key: ModelKey, body: PatchModel) -> ModelView:
    """Change some fields of a model; calls that are made from now on go where it then is."""
    return _view(dependencies, await dependencies.environment.service(Gateway).registry.patch(key, body.fields))


@router.delete(
    "/{key}",
    response_model=ModelView,
    responses={
        200: {"description": "It is one that every deployment knows, and is as it was at first."},
        204: {"description": "It is gone."},
        **problems(404, 409),
    },
)
async def delete_model(dependencies: Dependencies, key: ModelKey) -> ModelView | Response:
    """Forget what was said of a model."""
    default = await dependencies.environment.service(Gateway).registry.delete(key)
    return Response(status_code=204) if default is None else _view(dependencies, default)


@router.post("/{key}/probe", responses=problems(404))
async def probe_model(dependencies: Dependencies, key: ModelKey) -> ModelProbe:
    """Ask a model for what it can do: whether it is reached, keeps to a JSON schema, watches videos, and its context.

    What is found of its schema and context is written into its entry. That it cannot be reached is an answer, too.
    """
    return await dependencies.environment.service(Gateway).probe(key)


def _view(dependencies: Dependencies, entry: ModelEntry) -> ModelView:
    return ModelView.of(entry, dependencies.environment.settings.models)
