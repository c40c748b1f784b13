"""Videos: listed, looked at, watched."""

from __future__ import annotations

from fastapi import APIRouter, Response

from moments_ray.errors import InvalidRequest, NotFound
from moments_ray.http.dependencies import Dependencies, Identifier
from moments_ray.http.paging import Cursor, Limit, counted, place_of
from moments_ray.http.problems import problems
from moments_ray.http.redirects import SIGNED, DownloadQuery, RedirectQuery, signed_answer, signed_link
from moments_ray.http.schemas.base import CountedPage
from moments_ray.library.api.schemas import EditVideo, SiteSignalsView, StoryboardView, VideoView
from moments_ray.library.api.video_lists import Include, Wanted, video_views
from moments_ray.library.deletion import Deletion
from moments_ray.library.queries.video_lists import VideoLists, VideoSort, order_of_videos
from moments_ray.library.queries.videos import Videos
from moments_ray.library.service import media_file_name
from moments_ray.media.downloaded import clean_title

router = APIRouter(prefix="/api/videos", tags=["videos"])


@router.get("")
async def list_videos(
    dependencies: Dependencies,
    wanted: Wanted,
    *,
    sort: VideoSort = "newest",
    include: Include = [],  # noqa: B006 - FastAPI copies it
    cursor: Cursor = None,
    limit: Limit = 50,
) -> CountedPage[VideoView]:
    """List videos, the newest first unless they are sorted otherwise."""
    order = order_of_videos(sort)
    after = place_of(cursor, sort, order)
    async with dependencies.environment.database.read() as session:
        lists = VideoLists(session)
        page, total = await lists.page(wanted, order, after, limit), await lists.total(wanted)
        items = await video_views(dependencies, session, page.rows, include)
    return counted(items, sort, page, total)


@router.get("/{video_id}", responses=problems(404))
async def read_video(
    dependencies: Dependencies,
    video_id: Identifier,
    *,
    include: Include = [],  # noqa: B006 - FastAPI copies it
) -> VideoView:
    """Return a video."""
    async with dependencies.environment.database.read() as session:
        video = await Videos(session).get(video_id)
        return (await video_views(dependencies, session, [video], include))[0]


@router.patch("/{video_id}", responses=problems(404))
async def change_video(dependencies: Dependencies, video_id: Identifier, asked: EditVideo) -> VideoView:
    """Change a video's title."""
    title = clean_title(asked.title)
    if title is None:
        raise InvalidRequest("A video needs a title.")
    async with dependencies.environment.database.begin() as session:
        await Videos(session).set_title(video_id, title)
    async with dependencies.environment.database.read() as session:
        return (await video_views(dependencies, session, [await Videos(session).get(video_id)], ()))[0]


@router.get("/{video_id}/site-signals", responses=problems(404))
async def read_site_signals(dependencies: Dependencies, video_id: Identifier) -> SiteSignalsView:
    """Return the video's chapters and how often its parts were replayed, as its site told when it was fetched."""
    async with dependencies.environment.database.read() as session:
        video = await Videos(session).get(video_id)
    return SiteSignalsView.model_validate({"chapters": [], "replays": [], **video.site_signals})


@router.get("/{video_id}/stream", response_class=Response, responses=SIGNED)
async def stream_video(
    dependencies: Dependencies,
    video_id: Identifier,
    *,
    redirect: RedirectQuery = True,
    download: DownloadQuery = False,
) -> Response:
    """Redirect to the video's bytes, which can be read by ranges."""
    async with dependencies.environment.database.read() as session:
        video = await Videos(session).get(video_id)
    filename = media_file_name(video) if download else None
    return await signed_answer(dependencies, video.cloud_url, "The video", redirect=redirect, filename=filename)


@router.get("/{video_id}/thumbnail", response_class=Response, responses=SIGNED)
async def read_video_thumbnail(
    dependencies: Dependencies, video_id: Identifier, redirect: RedirectQuery = True
) -> Response:
    """Redirect to a picture from the video."""
    async with dependencies.environment.database.read() as session:
        video = await Videos(session).get(video_id)
        picture = await Videos(session).thumbnail(video.id)
    return await signed_answer(dependencies, picture, "the video's picture", redirect=redirect)


@router.get("/{video_id}/storyboard", responses=problems(404))
async def read_storyboard(dependencies: Dependencies, video_id: Identifier, response: Response) -> StoryboardView:
    """Return where a sheet of small pictures of the video is read, and how they lie on it.

    Raises:
        NotFound: the video is not here yet, or gave none.
    """
    async with dependencies.environment.database.read() as session:
        video = await Videos(session).get(video_id)
    if video.storyboard is None:
        raise NotFound("The video has no storyboard: it is not here yet, or was fetched before there were any.")
    link = await signed_link(dependencies, video.storyboard["uri"])
    response.headers["Cache-Control"] = "no-store"  # the link expires, and whoever has it may read
    return StoryboardView(**{**video.storyboard, "url": link.url, "expires_at": link.expires_at})


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
