"""Videos: listed, looked at, watched."""

from __future__ import annotations

from fastapi import APIRouter, Response

from moments_ray.http.dependencies import Dependencies, Identifier
from moments_ray.http.paging import After, Limit, cursor_of
from moments_ray.http.problems import problems
from moments_ray.http.redirects import SIGNED, RedirectQuery, signed_answer
from moments_ray.http.schemas.base import Page
from moments_ray.library.api.schemas import VideoView
from moments_ray.library.deletion import Deletion
from moments_ray.library.queries.videos import Videos

router = APIRouter(prefix="/api/videos", tags=["videos"])


@router.get("")
async def list_videos(dependencies: Dependencies, after: After, limit: Limit = 50) -> Page[VideoView]:
    """List videos, the newest first."""
    async with dependencies.environment.database.read() as session:
        page = await Videos(session).page(after, limit)
        failures = await Videos(session).failures(page.rows)
    items = [VideoView.of(video, failures.get(video.id)) for video in page.rows]
    return Page(items=items, next_cursor=cursor_of(page.next_key))


@router.get("/{video_id}", responses=problems(404))
async def read_video(dependencies: Dependencies, video_id: Identifier) -> VideoView:
    """Return a video."""
    async with dependencies.environment.database.read() as session:
        video = await Videos(session).get(video_id)
        failures = await Videos(session).failures([video])
    return VideoView.of(video, failures.get(video.id))


@router.get("/{video_id}/stream", response_class=Response, responses=SIGNED)
async def stream_video(dependencies: Dependencies, video_id: Identifier, redirect: RedirectQuery = True) -> Response:
    """Redirect to the video's bytes, which can be read by ranges."""
    async with dependencies.environment.database.read() as session:
        video = await Videos(session).get(video_id)
    return await signed_answer(dependencies, video.cloud_url, "the video", redirect=redirect)


@router.get("/{video_id}/thumbnail", response_class=Response, responses=SIGNED)
async def read_video_thumbnail(
    dependencies: Dependencies, video_id: Identifier, redirect: RedirectQuery = True
) -> Response:
    """Redirect to a picture from the video."""
    async with dependencies.environment.database.read() as session:
        video = await Videos(session).get(video_id)
        picture = await Videos(session).thumbnail(video.id)
    return await signed_answer(dependencies, picture, "the video's picture", redirect=redirect)


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
async def delete_video(dependencies: Dependencies, video_id: Identifier) -> Response:
    """Cancel a video's run and delete it with everything that belongs to it."""
    gone = await Deletion(dependencies.environment, dependencies.redis).delete(video_id)
    return Response(status_code=204 if gone else 202)
