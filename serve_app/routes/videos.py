"""Videos: listed, looked at, watched."""

from __future__ import annotations

from fastapi import APIRouter, Response

from moments_ray.database.repositories.listing import Listing
from moments_ray.database.repositories.pictures import Pictures
from moments_ray.database.repositories.videos import Videos
from serve_app.paging import After, Limit, cursor_of
from serve_app.parts import Identifier, Parts
from serve_app.problems import problems
from serve_app.redirects import SIGNED, RedirectAsked, signed_answer
from serve_app.schemas.base import Page
from serve_app.schemas.videos import VideoView

router = APIRouter(prefix="/api/videos", tags=["videos"])


@router.get("")
async def list_videos(parts: Parts, after: After, limit: Limit = 50) -> Page[VideoView]:
    """List videos, the newest first."""
    async with parts.environment.database.read() as session:
        page = await Listing(session).videos(after, limit)
    return Page(items=[VideoView.of(video) for video in page.rows], next_cursor=cursor_of(page.next_key))


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
