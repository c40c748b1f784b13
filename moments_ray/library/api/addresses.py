"""Addresses of videos, looked at before anything is started."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from moments_ray.http.dependencies import Dependencies
from moments_ray.http.problems import problems
from moments_ray.http.schemas.base import RequestBody, Shape
from moments_ray.http.schemas.options import Text
from moments_ray.library.api.schemas import VideoView
from moments_ray.library.api.starting import Library
from moments_ray.library.api.video_lists import video_views
from moments_ray.library.queries.videos import Videos
from moments_ray.media.download import look_at

router = APIRouter(prefix="/api/urls", tags=["videos"])


class InspectUrl(RequestBody):
    """An address to look at."""

    url: Annotated[Text, Field(min_length=1, max_length=4096)] = Field(examples=["https://example.org/talk.mp4"])


class UrlView(Shape):
    """What is known of an address that may be fetched."""

    url: str = Field(description="the one form in which the same video always has the same one")
    video: VideoView | None = Field(description="of the library, where it is there already")
    title: str | None = Field(description="of a file, by what its host calls it; of a site's page it is known later")
    bytes: int | None = Field(description="of a file, where its host tells")


@router.post("/inspect", responses=problems(404))
async def inspect_url(dependencies: Dependencies, library: Library, asked: InspectUrl) -> UrlView:
    """Tell whether an address may be fetched, which video it is already, and how large its file is.

    Raises:
        UrlNotAllowed: it may not be fetched.
        DownloadUnavailable: its host does not exist.
    """
    canonical = await library.checked_url(asked.url)
    environment = dependencies.environment
    async with environment.database.read() as session:
        known = await Videos(session).of_source(canonical)
        if known is not None:
            (video,) = await video_views(dependencies, session, [known], ["run", "counts", "thumbnail"])
            return UrlView(url=canonical, video=video, title=video.title, bytes=known.bytes)
    seen = await look_at(asked.url, environment.settings.download)
    return UrlView(url=canonical, video=None, title=seen.title, bytes=seen.bytes)
