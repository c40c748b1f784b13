"""Videos added, at a URL or with the request, and where asked for their moments found."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, File, Form, Response, UploadFile
from pydantic import Json

from moments_ray.http.body_limit import RouteLimit
from moments_ray.http.dependencies import Dependencies, IdempotencyKey
from moments_ray.http.problems import problems
from moments_ray.http.schemas.options import Text
from moments_ray.http.tus import UPLOADS_PATH
from moments_ray.library.api.schemas import VideoStarted
from moments_ray.library.api.starting import STARTS, started
from moments_ray.library.upload import form_bytes, receive, store_upload, upload_pieces
from moments_ray.media.downloaded import clean_title
from moments_ray.moments.api.dependencies import Starting
from moments_ray.moments.api.schemas import AddVideo
from moments_ray.moments.options import RunOptions
from moments_ray.settings import DownloadSettings

UPLOAD_PATH = "/api/videos/upload"

router = APIRouter(prefix="/api/videos", tags=["videos"])


@router.post("", response_model=VideoStarted, responses={**STARTS, **problems(409)})
async def add_video(
    starting: Starting, asked: AddVideo, response: Response, key: IdempotencyKey = None
) -> VideoStarted:
    """Fetch the video at a URL, and with `process` find its moments; one that is known already is answered with 200."""
    options = RunOptions(**{name: getattr(asked, name) for name in RunOptions.model_fields})
    outcome = await starting.add_url(asked.url, options, title=asked.title, process=asked.process, key=key)
    return started(outcome, response)


@router.post("/upload", response_model=VideoStarted, responses={**STARTS, **problems(400, 413, 507)})
async def upload_video(
    dependencies: Dependencies,
    starting: Starting,
    file: Annotated[UploadFile, File(description="the video")],
    response: Response,
    *,
    title: Annotated[Text | None, Form(max_length=10_000)] = None,
    process: Annotated[bool, Form(description="also find its moments")] = False,
    options: Annotated[Json[RunOptions] | None, Form(description="JSON; they count with `process`")] = None,
    key: IdempotencyKey = None,
) -> VideoStarted:
    """Take a video that comes with the request; one whose bytes are known already is answered with 200.

    A file of more than 64 MiB goes to `/api/uploads` in parts.
    """
    options = options or RunOptions()
    await starting.check(options)
    title = clean_title(title or Path(file.filename or "").stem)
    with tempfile.TemporaryDirectory(prefix="moments-upload-") as directory:
        limit = dependencies.environment.settings.download.max_bytes
        received = await receive(upload_pieces(file), Path(directory) / "upload", limit)
        found = await store_upload(received, dependencies.environment, title)
    outcome = await starting.add(found, options, title=title, process=process, key=key)
    return started(outcome, response)


def body_limit(settings: DownloadSettings) -> RouteLimit:
    """Return how large a form with a file may be."""
    return RouteLimit(UPLOAD_PATH, form_bytes(settings), f"send a larger file in parts, by tus 1.0 to {UPLOADS_PATH}")
