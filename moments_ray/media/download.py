"""Fetches a video from an address that somebody gave us: a plain file over HTTP, or a site that yt-dlp knows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ConfigDict

from moments_ray.errors import DownloadInterrupted
from moments_ray.media.downloaded import Downloaded
from moments_ray.media.guard import Resolver, check_url, guarded_client, resolve_by_system
from moments_ray.media.http_file import fetch_file, title_of
from moments_ray.media.site_tool import BeforeRequest
from moments_ray.media.sites import fetch_from_site, no_pause
from moments_ray.settings import DownloadSettings, Settings

# An address that ends so is a file, whoever serves it; asking yt-dlp first costs seconds.
_FILE_SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".flv", ".ts", ".mpg", ".mpeg", ".wmv")
_LOOK_SECONDS = 10.0


def names_file(url: str) -> bool:
    """Tell whether an address is that of a video file and not of a page about one."""
    return urlsplit(url).path.lower().endswith(_FILE_SUFFIXES)


class Seen(BaseModel):
    """What the host of a file says of it before it is fetched; bytes as it tells them."""

    model_config = ConfigDict(frozen=True)

    title: str | None = None
    bytes: int | None = None


async def look_at(url: str, settings: DownloadSettings, resolver: Resolver = resolve_by_system) -> Seen:
    """Ask the host of a video file for its name and size; of a page about a video, or where it does not tell, nothing.

    Raises UrlNotAllowed where it redirects to what may not be fetched.
    """
    if not names_file(url):
        return Seen()
    try:
        async with asyncio.timeout(_LOOK_SECONDS), guarded_client(settings, resolver) as client:
            answer = await client.head(url, headers={"Accept-Encoding": "identity"})
    except (httpx.HTTPError, TimeoutError):
        return Seen()
    if not answer.is_success:
        return Seen()
    told = answer.headers.get("Content-Length", "")
    return Seen(title=title_of(answer), bytes=int(told) if told.isdecimal() else None)


async def download(
    url: str,
    directory: Path,
    settings: Settings,
    *,
    on_progress: Callable[[float], None] | None = None,
    resolver: Resolver = resolve_by_system,
    before_request: BeforeRequest = no_pause,
) -> Downloaded:
    """Fetch a video, and the captions its site has, into ``directory``; progress runs to 1 where the size is known.

    ``before_request`` is waited for before each time that a site is asked.

    What has arrived stays there after a failure, and the same call goes on from it. Raises UrlNotAllowed,
    DownloadPrivate, DownloadUnavailable, DownloadBotCheck, DownloadTooLarge, MediaLimitsExceeded (too long), DiskFull,
    and DownloadInterrupted, which is worth another try.
    """
    destination = await check_url(url, settings.download, resolver)
    report = on_progress or (lambda _fraction: None)
    try:
        async with asyncio.timeout(settings.download.timeout_seconds):
            if not names_file(url):
                fetched = await fetch_from_site(
                    str(destination.url), directory, settings, report, resolver=resolver, before_request=before_request
                )
                if fetched is not None:
                    return fetched
            return await fetch_file(destination.url, directory, settings.download, report, resolver)
    except TimeoutError as error:
        seconds = settings.download.timeout_seconds
        raise DownloadInterrupted(f"The download did not end within {seconds:g} s.") from error
