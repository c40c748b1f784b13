"""Ads made, what they would cost, their scripts and scenes."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from moments_ray.ads.api.dependencies import Scene, Service, WithPicture
from moments_ray.ads.api.estimate import estimate_of
from moments_ray.ads.api.jobs import newest_run, shown_start
from moments_ray.ads.api.schemas import AdView, EditScripts, EstimateView, ScriptsView, StylesView
from moments_ray.ads.options import AdOptions, RegenerateScene
from moments_ray.ads.painting.product_picture import LARGEST_BYTES
from moments_ray.ads.queries.ads import Ads
from moments_ray.ads.requests import Uploads
from moments_ray.ads.script.styles import list_styles, template
from moments_ray.ads.values import AdRequest, Scripts
from moments_ray.errors import Conflict, InvalidRequest
from moments_ray.http.body_limit import RouteLimit
from moments_ray.http.dependencies import Dependencies, IdempotencyKey, Identifier
from moments_ray.http.problems import problems

JOBS_PATH = "/api/ads/jobs"
BODY_LIMIT = RouteLimit(JOBS_PATH, LARGEST_BYTES + 2**20, "send files of at most 20 MiB together")

router = APIRouter(prefix="/api/ads", tags=["ads"])

_SCENE_FILES = ("scene_1", "scene_2", "scene_3", "scene_4")
_FILES = ("product_image", "brand_logo", "music_file", *_SCENE_FILES)
_REGENERATE = RegenerateScene()
_LOCATION: dict[int | str, dict[str, Any]] = {
    202: {"headers": {"Location": {"description": "the ad", "schema": {"type": "string"}}}}
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/AdOptions"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["options"],
                    "properties": {
                        "options": {"type": "string", "description": "the same as JSON; its fields may be sent apart"},
                        **{name: {"type": "string", "format": "binary"} for name in _FILES},
                    },
                }
            },
        },
    }
}


@router.get("/styles")
async def list_ad_styles() -> StylesView:
    """List the styles of ads with their scenes."""
    return StylesView(styles=[template(name) for name in list_styles()])


@router.post("/jobs", status_code=202, openapi_extra=_BODY, responses={**_LOCATION, **problems(409, 413, 502)})
async def create_ad(
    dependencies: Dependencies, service: Service, request: Request, response: Response, key: IdempotencyKey = None
) -> AdView:
    """Make an ad, asked for as JSON, or as a form with the product's picture."""
    with tempfile.TemporaryDirectory(prefix="moments-ad-") as directory:
        options, uploads = await _asked(request, Path(directory))
        return await shown_start(dependencies, await service.create(options, uploads, key), response)


@router.post("/scripts", status_code=202, responses={**_LOCATION, **problems(409, 502)})
async def write_ad_script(
    dependencies: Dependencies, service: Service, options: AdOptions, response: Response, key: IdempotencyKey = None
) -> AdView:
    """Write an ad's script and stop there: read it at `/script`, edit it, and go on with `/retry`."""
    stopping = options.model_copy(update={"stop_after": "script_gen"})
    return await shown_start(dependencies, await service.create(stopping, Uploads(), key), response)


@router.post("/estimate")
async def estimate_ad(
    dependencies: Dependencies, service: Service, options: AdOptions, *, picture: WithPicture = False
) -> EstimateView:
    """Return what an ad is taken to cost by stage; nothing is made or paid."""
    requests = service.requests
    makers, budget = await requests.makers_of(options), requests.budget_of(options)
    seen = picture or options.product_image_url is not None
    prices = dependencies.environment.settings.ads.prices
    lines = await estimate_of(options, makers, requests.registry, prices, picture=seen)
    known = [line.usd for line in lines if line.usd is not None]
    total = round(sum(known), 4) if len(known) == len(lines) else None
    return EstimateView(
        total_usd=total,
        max_cost_usd=float(budget),
        within_limit=total is not None and total <= float(budget),
        makers=makers.model_dump(),
        lines=lines,
    )


@router.get("/jobs/{ad_id}/script", responses=problems(404, 409))
async def read_ad_script(dependencies: Dependencies, ad_id: Identifier) -> ScriptsView:
    """Return an ad's scripts as they are, or as somebody edited them.

    Raises:
        Conflict: there is none yet.
    """
    async with dependencies.environment.database.read() as session:
        ad = await Ads(session).get(ad_id)
        stages = (await Ads(session).newest_stages([ad_id]))[ad_id]
    edited = AdRequest.model_validate(ad.request).brief.scripts
    stage = stages.get("SCRIPT_GEN")
    written = Scripts.model_validate(stage.output) if stage is not None and stage.output is not None else None
    if written is None and not edited:
        raise Conflict("The script is not written yet: wait for the stage script_gen.")
    current = edited or (written.items if written is not None else ())
    return ScriptsView(edited=bool(edited) and (written is None or written.items != edited), scripts=list(current))


@router.put("/jobs/{ad_id}/script", responses=problems(404, 409))
async def edit_ad_script(service: Service, ad_id: Identifier, asked: EditScripts) -> ScriptsView:
    """Have an ad say other words from its next run on: `/retry` begins it."""
    await service.edit_scripts(ad_id, Scripts(items=tuple(asked.scripts)))
    return ScriptsView(edited=True, scripts=asked.scripts)


@router.post("/jobs/{ad_id}/scenes/{scene}/regenerate", status_code=202, responses={**_LOCATION, **problems(404, 409)})
async def regenerate_ad_scene(
    dependencies: Dependencies,
    service: Service,
    ad_id: Identifier,
    scene: Scene,
    response: Response,
    *,
    asked: RegenerateScene = _REGENERATE,
) -> AdView:
    """Make a scene again, and the film with it; what else there is stays."""
    await newest_run(dependencies, ad_id)
    return await shown_start(dependencies, await service.regenerate(ad_id, scene, asked), response)


async def _asked(request: Request, directory: Path) -> tuple[AdOptions, Uploads]:
    """Read an order of either form, what comes with it into files."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        try:
            body = await request.json()
        except (ValueError, RecursionError) as error:
            raise InvalidRequest("The body is no JSON.") from error
        return _options(body), Uploads()
    async with request.form(max_files=len(_FILES), max_fields=64) as form:
        fields: dict[str, Any] = {}
        files: dict[str, Path] = {}
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                if name not in _FILES or name in files:
                    raise InvalidRequest(f"There is no file {name[:80]!r} here: known are {', '.join(_FILES)}.")
                files[name] = directory / name
                files[name].write_bytes(await value.read())
            elif name == "options":
                fields |= _json_object(value)
            else:
                fields[name] = value
    scenes = {number: files[name] for number, name in enumerate(_SCENE_FILES, 1) if name in files}
    return _options(fields), Uploads(
        product=files.get("product_image"),
        logo=files.get("brand_logo"),
        music=files.get("music_file"),
        scenes=scenes,
    )


def _json_object(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("The form field options is no JSON.") from error
    if not isinstance(value, dict):
        raise InvalidRequest("The form field options is no JSON object.")
    return value


def _options(fields: Any) -> AdOptions:
    try:
        return AdOptions.model_validate(fields)
    except ValidationError as error:
        found = [{**one, "loc": ("body", *one["loc"])} for one in error.errors(include_url=False)]
        raise RequestValidationError(found) from error
