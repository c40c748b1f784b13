"""Videos: listed, looked at, watched."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, File, Form, Response, UploadFile
from pydantic import Json

from moments_ray.database.repositories.listing import Listing
from moments_ray.database.repositories.pictures import Pictures
from moments_ray.database.repositories.videos import Videos
from moments_ray.library.delete import Deletion
from moments_ray.library.options import RunOptions, Text
from moments_ray.library.upload import receive, store_upload
from moments_ray.media.downloaded import clean_title
from moments_ray.storage.object_store import CHUNK_BYTES
from serve_app.paging import After, Limit, cursor_of
from serve_app.parts import Identifier, Parts
from serve_app.problems import problems
from serve_app.redirects import SIGNED, RedirectAsked, signed_answer
from serve_app.schemas.base import Page
from serve_app.schemas.starting import AddVideo, VideoStarted
from serve_app.schemas.videos import VideoView
from serve_app.starting import STARTS, IdempotencyKey, Starting, started

router = APIRouter(prefix="/api/videos", tags=["videos"])


@router.get("")
async def list_videos(parts: Parts, after: After, limit: Limit = 50) -> Page[VideoView]:
    """List videos, the newest first."""
    async with parts.environment.database.read() as session:
        page = await Listing(session).videos(after, limit)
    return Page(items=[VideoView.of(video) for video in page.rows], next_cursor=cursor_of(page.next_key))


@router.post("", response_model=VideoStarted, responses={**STARTS, **problems(409)})
async def add_video(
    starting: Starting, asked: AddVideo, response: Response, key: IdempotencyKey = None
) -> VideoStarted:
    """Fetch the video at a URL, and with `process` find its moments; one that is known already is answered with 200."""
    options = RunOptions(**{name: getattr(asked, name) for name in RunOptions.model_fields})
    outcome = await starting.add_url(asked.url, options, title=asked.title, process=asked.process, key=key)
    return started(outcome, response)


@router.post("/upload", response_model=VideoStarted, responses={**STARTS, **problems(400, 413, 415, 507)})
async def upload_video(
    parts: Parts,
    starting: Starting,
    file: Annotated[UploadFile, File(description="the video")],
    response: Response,
    *,
    title: Annotated[Text | None, Form(max_length=10_000)] = None,
    process: Annotated[bool, Form(description="also find its moments")] = False,
    options: Annotated[Json[RunOptions] | None, Form(description="JSON; they count with `process`")] = None,
    key: IdempotencyKey = None,
) -> VideoStarted:
    """Take a video that comes with the request; one whose bytes are known already is answered with 200."""
    options = options or RunOptions()
    await starting.check(options)
    title = clean_title(title or Path(file.filename or "").stem)
    with tempfile.TemporaryDirectory(prefix="moments-upload-") as directory:
        limit = parts.environment.settings.download.max_bytes
        received = await receive(_pieces(file), Path(directory) / "upload", limit)
        source = await store_upload(received, parts.environment, title)
    outcome = await starting.add(received.canonical, source, options, title=title, process=process, key=key)
    return started(outcome, response)


async def _pieces(file: UploadFile) -> AsyncIterator[bytes]:
    while piece := await file.read(CHUNK_BYTES):
        yield piece


@router.get("/{video_id}", responses=problems(404))
async def read_video(parts: Parts, video_id: Identifier) -> VideoView:
    """Return a video."""
    async with parts.environment.database.read() as session:
        return VideoView.of(await Videos(session).get(video_id))


@router.get("/{video_id}/stream", response_class=Response, responses=SIGNED)
async def stream_video(parts: Parts, video_id: Identifier, redirect: RedirectAsked = True) -> Response:
    """Redirect to the video's bytes, which can be read by ranges."""
    async with parts.environment.database.read() as session:
        video = await Videos(session).get(video_id)
    return await signed_answer(parts, video.cloud_url, "the video", redirect=redirect)


@router.get("/{video_id}/thumbnail", response_class=Response, responses=SIGNED)
async def read_video_thumbnail(parts: Parts, video_id: Identifier, redirect: RedirectAsked = True) -> Response:
    """Redirect to a picture from the video."""
    async with parts.environment.database.read() as session:
        video = await Videos(session).get(video_id)
        picture = await Pictures(session).video_thumbnail(video.id)
    return await signed_answer(parts, picture, "the video's picture", redirect=redirect)


@router.delete(
    "/{video_id}",
    status_code=204,
    response_class=Response,
    responses={
        202: {"description": "Deleted for you; its objects go when the worker that holds it lets go."},
        204: {"description": "Deleted, with all that belonged to it."},
        **problems(404),
    },
)
async def delete_video(parts: Parts, video_id: Identifier) -> Response:
    """Cancel a video's run and delete it with everything that belongs to it."""
    gone = await Deletion(parts.environment, parts.redis).delete(video_id)
    return Response(status_code=204 if gone else 202)
