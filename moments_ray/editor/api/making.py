"""Films and pictures made of words."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from moments_ray.database.session import ReadSession
from moments_ray.database.tables import Run
from moments_ray.editor.api.dependencies import Wait, ended
from moments_ray.editor.api.schemas import MadeView
from moments_ray.editor.errors import MediaNotOurs
from moments_ray.editor.making.storyboard import captions_of, scenes_of
from moments_ray.editor.making.words import understand
from moments_ray.editor.pipelines import MADE_IMAGE, MADE_VIDEO
from moments_ray.editor.places import picture_at
from moments_ray.editor.roles import IMAGE_MAKER, VIDEO_MAKER
from moments_ray.editor.stages.making import EMBEDDED
from moments_ray.editor.values import MadeFile, MakeImageRequest, MakeVideoRequest
from moments_ray.engine.runs.service import RunOrder
from moments_ray.errors import Conflict, DownloadTooLarge, InvalidRequest, ModelInputUnsupported, ModelNotConfigured
from moments_ray.http.container import Container
from moments_ray.http.dependencies import Dependencies, IdempotencyKey
from moments_ray.http.problems import problems
from moments_ray.http.redirects import signed_link
from moments_ray.http.schemas.base import RequestBody
from moments_ray.http.schemas.options import Text
from moments_ray.ids import derived_identifier, new_identifier
from moments_ray.media.guard import check_url
from moments_ray.media.http_file import fetch_file
from moments_ray.media.process import run_python
from moments_ray.media.render.captions import check_text
from moments_ray.models.registry import ModelRegistry
from moments_ray.models.roles import Role
from moments_ray.states import RunStatus

router = APIRouter(prefix="/api/tools", tags=["editor"])

_LARGEST_PICTURE, _FETCH_SECONDS = 20 * 1024**2, 60.0
_CHECK = "moments_ray.editor.making.painting:check"

Prompt = Annotated[Text, Field(min_length=1, max_length=2000)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Side = Annotated[int, Field(ge=64, le=1920, multiple_of=2)]
Given = Annotated[Text, Field(max_length=4096)]
Backend = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]


class GenerateVideoRequest(RequestBody):
    """A film to be made of words."""

    prompt: Prompt
    duration: Annotated[float, Field(ge=1, le=30, description="seconds")] = 5.0
    width: Side = 1080
    height: Side = 1920
    seed: Seed = 0
    image: Given | None = Field(None, description="what is seen: a `/media/` path, or a URL")
    backend: Backend | None = Field(None, description="`embedded`, or a model; unset: the first that is configured")


class EditImageRequest(RequestBody):
    """A picture to be made of words, or one to be changed as they say."""

    prompt: Prompt
    image: Given | None = Field(None, description="what is changed: a `/media/` path, or a URL; unset: make a new one")
    mask: Given | None = Field(None, description="light where it is to be changed")
    width: Side | None = None
    height: Side | None = None
    seed: Seed = 0
    backend: Backend | None = Field(None, description="`embedded`, or a model; unset: who can do it")


_MADE = {
    202: {"model": MadeView, "description": "It takes longer than `wait`: see the run."},
    **problems(404, 409, 413, 501, 502),
}


@router.post("/generate_video", responses=_MADE)
async def generate_video(
    dependencies: Dependencies,
    response: Response,
    *,
    body: GenerateVideoRequest,
    wait: Wait = 60.0,
    key: IdempotencyKey = None,
) -> MadeView:
    """Make a film of words; without a model they are lettering over drawn grounds, a scene a sentence."""
    backend = await _backend(dependencies, body.backend, VIDEO_MAKER)
    if backend == EMBEDDED:
        for scene in scenes_of(body.prompt, body.duration):
            for caption in captions_of(scene):
                check_text(caption)
    made = _identifier("video", key)
    request = MakeVideoRequest(
        made=made,
        backend=backend,
        prompt=body.prompt,
        seconds=body.duration,
        width=body.width,
        height=body.height,
        seed=body.seed,
        image=await _given(dependencies, body.image, made, "image"),
    )
    started = await dependencies.run_service.start(MADE_VIDEO, request, _order(body, key))
    return await _shown(dependencies, await ended(dependencies, started.run, wait), backend, response)


@router.post("/edit_image", responses=_MADE)
async def edit_image(
    dependencies: Dependencies,
    response: Response,
    *,
    body: EditImageRequest,
    wait: Wait = 60.0,
    key: IdempotencyKey = None,
) -> MadeView:
    """Change a picture as words say, or make one; without a model those operations that are known here."""
    if (body.width is None) != (body.height is None):
        raise InvalidRequest("Give both width and height, or neither.")
    if body.mask is not None and body.image is None:
        raise InvalidRequest("A mask is of an image: name that, too.")
    backend = await _image_backend(dependencies, body)
    made = _identifier("image", key)
    request = MakeImageRequest(
        made=made,
        backend=backend,
        prompt=body.prompt,
        width=body.width,
        height=body.height,
        seed=body.seed,
        image=await _given(dependencies, body.image, made, "image"),
        mask=await _given(dependencies, body.mask, made, "mask"),
    )
    started = await dependencies.run_service.start(MADE_IMAGE, request, _order(body, key))
    return await _shown(dependencies, await ended(dependencies, started.run, wait), backend, response)


async def _backend(container: Container, key: str | None, role: Role) -> str:
    """Return who makes it: the model of a key, else the first preferred one that is configured, else this product."""
    registry = ModelRegistry(container.environment.database, container.redis, container.environment.settings)
    if key == EMBEDDED:
        return EMBEDDED
    if key is not None:
        return (await registry.resolve(key, role)).key
    entries = await registry.entries()
    return next((name for name in role.preferred if name in entries and entries[name].configured), EMBEDDED)


async def _image_backend(container: Container, body: EditImageRequest) -> str:
    """Return who makes a picture: this product where it understands the words, unless another one is named.

    Raises:
        ModelNotConfigured: it does not, and no model is configured.
        ModelInputUnsupported: the model that is named changes no pictures.
    """
    if body.backend is None:
        try:
            understand(body.prompt, of_picture=body.image is not None)
        except ModelNotConfigured:
            backend = await _backend(container, None, IMAGE_MAKER)
            if backend == EMBEDDED:
                raise
            return backend
        return EMBEDDED
    backend = await _backend(container, body.backend, IMAGE_MAKER)
    if backend == EMBEDDED:
        understand(body.prompt, of_picture=body.image is not None)
    elif body.image is not None:
        registry = ModelRegistry(container.environment.database, container.redis, container.environment.settings)
        if (await registry.get(backend)).provider == "replicate":
            raise ModelInputUnsupported(f"{backend} makes pictures and changes none: name another backend.")
    return backend


def _order(body: GenerateVideoRequest | EditImageRequest, key: str | None) -> RunOrder:
    """Have a run tell what its caller asked for."""
    return RunOrder(idempotency_key=key, options=body.model_dump(mode="json", exclude_unset=True))


def _identifier(kind: str, key: str | None) -> str:
    return derived_identifier(f"made {kind}", key) if key else new_identifier()


async def _given(container: Container, place: str | None, made: str, what: str) -> str | None:
    """Return the object of a picture that a caller names, once a child process could read it.

    Raises:
        MediaNotOurs: it is a path of something else.
        UrlNotAllowed: it may not be fetched.
        DownloadError: it could not be.
        PictureNotRead: it is no picture.
    """
    if place is None:
        return None
    environment = container.environment
    with tempfile.TemporaryDirectory(prefix="moments-picture-") as directory:
        if place.startswith(("http://", "https://")):
            limits = {"max_bytes": _LARGEST_PICTURE, "timeout_seconds": _FETCH_SECONDS}
            settings = environment.settings.download.model_copy(update=limits)
            destination = await check_url(place, settings)
            try:
                path = (await fetch_file(destination.url, Path(directory), settings, lambda _: None)).path
            except DownloadTooLarge as error:
                raise InvalidRequest(f"The {what} may have 20 MiB: name a smaller one.") from error
            stored = None
        else:
            async with environment.database.read() as session:
                stored = await _stored(session, container, place)
            path = Path(directory) / "picture"
            await environment.store.get_file(stored, path)
        await run_python(_CHECK, str(path), timeout=_FETCH_SECONDS, settings=environment.settings.media)
        if stored is None:
            name = f"{MADE_IMAGE.folder(made)}/given-{what}"
            stored = (await environment.store.put_file(name, path, content_type="application/octet-stream")).name
    return stored


async def _stored(session: ReadSession, container: Container, place: str) -> str:
    uri = await picture_at(session, place)
    if uri is None:
        raise MediaNotOurs("This picture is not here yet.")
    return container.environment.store.name_of(uri)


async def _shown(container: Container, run: Run, backend: str, response: Response) -> MadeView:
    if run.status in {RunStatus.FAILED, RunStatus.CANCELLED}:
        reason = "it was cancelled" if run.error is None else f"{run.error.get('code')}: {run.error.get('message')}"
        raise Conflict(f"Nothing was made: {reason}", {"run": run.identifier})
    made = MadeFile.model_validate(run.result) if run.status == RunStatus.COMPLETED else None
    response.headers["Location"] = f"/api/runs/{run.identifier}"
    if not RunStatus(run.status).finished:
        response.status_code = 202
    path = None if made is None else f"/media/final/{made.output}"
    link = None if made is None else await signed_link(container, container.environment.store.uri(made.name))
    return MadeView(
        path=path,
        url=path,
        signed_url=None if link is None else link.url,
        expires_at=None if link is None else link.expires_at,
        backend=backend,
        cost_usd=None if made is None else made.cost_usd,
        applied=[] if made is None else [*made.applied],
        run=run.identifier,
    )
