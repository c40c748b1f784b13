"""A video becomes an asset and a project, and is analysed."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path, PurePath
from typing import Annotated

from fastapi import APIRouter, File, Form, Response, UploadFile

from moments_ray.database.tables import Run
from moments_ray.editor.api.dependencies import Editor, ended
from moments_ray.editor.api.schemas import IngestResponse
from moments_ray.editor.api.views import project_detail
from moments_ray.editor.queries.projects import ProjectRecord
from moments_ray.editor.values import TemplateOptions
from moments_ray.errors import InvalidRequest
from moments_ray.http.body_limit import RouteLimit
from moments_ray.http.dependencies import Dependencies
from moments_ray.http.problems import problems
from moments_ray.http.schemas.options import BaseRunOptions, Text
from moments_ray.http.tus import UPLOADS_PATH
from moments_ray.library.api.starting import Library
from moments_ray.library.queries.videos import get_or_create_video
from moments_ray.library.service import Address
from moments_ray.library.upload import receive, store_upload
from moments_ray.media.downloaded import clean_title
from moments_ray.settings import DownloadSettings, TemplateName
from moments_ray.states import RunStatus
from moments_ray.storage.object_store import CHUNK_BYTES

PATH = "/api/ingest"
_FORM_BYTES = 64 * 1024**2  # as of every upload in a form
_AROUND_A_FILE = 64 * 1024

router = APIRouter(tags=["editor"])


@router.post(
    PATH,
    status_code=201,
    responses={202: {"model": IngestResponse, "description": "Still being analysed."}, **problems(400, 413, 507)},
)
async def ingest(
    dependencies: Dependencies,
    library: Library,
    editor: Editor,
    response: Response,
    *,
    file: Annotated[UploadFile | None, File(description="the video")] = None,
    url: Annotated[Text | None, Form(max_length=4096, description="in place of a file")] = None,
    title: Annotated[Text | None, Form(max_length=200)] = None,
    auto_analyze: Annotated[bool, Form(description="hear what is said and make a timeline")] = True,
    template: Annotated[TemplateName | None, Form(description="of the timeline; unset: the deployment's")] = None,
    seed: Annotated[int, Form(ge=0, le=2**31, description="of what the template draws")] = 0,
    wait: Annotated[float, Form(ge=0, le=600, description="seconds to wait for the analysis")] = 60.0,
) -> IngestResponse:
    """Take a video, make a project of it, and analyse it; 202 where that takes longer than `wait`.

    A file of more than 64 MiB goes to `/api/uploads` in parts, and its video to `POST /api/projects`.
    """
    named = clean_title(title or (PurePath(file.filename or "").stem if file is not None else ""))
    found = await _address(dependencies, library, file, url, named or None)
    row = dependencies.environment.database.row
    video, _ = await get_or_create_video(row, found.canonical, source_url=found.url, title=named or None)
    suffix = PurePath(found.stored).suffix if found.stored is not None else None
    record = await editor.create(video.identifier, named or None, suffix=suffix)
    source = found.source(video.identifier)
    if auto_analyze:
        chosen = template or dependencies.environment.settings.editor_template
        started = await editor.analyse(record, TemplateOptions(template=chosen, seed=seed), source=source)
    else:
        started = await library.fetch(source, BaseRunOptions(), None)
    run = await ended(dependencies, started.run, wait)
    return await _answer(dependencies, editor, record, run, response)


async def _answer(
    dependencies: Dependencies, editor: Editor, record: ProjectRecord, run: Run, response: Response
) -> IngestResponse:
    response.status_code = 201 if RunStatus(run.status).finished else 202
    response.headers["Location"] = f"/api/timeline/{record.project.id}"
    async with dependencies.environment.database.read() as session:
        detail = await project_detail(dependencies, session, await editor.get(record.project.identifier))
    fields = {name: getattr(detail, name) for name in type(detail).model_fields}
    return IngestResponse(**fields, project=detail, run=run.identifier)


async def _address(
    dependencies: Dependencies, library: Library, file: UploadFile | None, url: str | None, title: str | None
) -> Address:
    """Return where the video is that came with a form.

    Raises:
        InvalidRequest: there is none, or two.
        UrlNotAllowed: the URL may not be fetched.
        UnsupportedMedia: the file is no video.
    """
    if (file is None) == (url is None):
        raise InvalidRequest("Send either a file or a url.")
    if url is not None:
        return Address(await library.checked_url(url), url=url)
    assert file is not None  # noqa: S101 - one of the two
    with tempfile.TemporaryDirectory(prefix="moments-ingest-") as directory:
        limit = dependencies.environment.settings.download.max_bytes
        received = await receive(_pieces(file), Path(directory) / "upload", limit)
        return await store_upload(received, dependencies.environment, title)


def body_limit(settings: DownloadSettings) -> RouteLimit:
    """Return how large a form with a video may be."""
    largest = min(settings.max_bytes, _FORM_BYTES) + _AROUND_A_FILE
    return RouteLimit(PATH, largest, f"send a larger file in parts, by tus 1.0 to {UPLOADS_PATH}")


async def _pieces(file: UploadFile) -> AsyncIterator[bytes]:
    while piece := await file.read(CHUNK_BYTES):
        yield piece
