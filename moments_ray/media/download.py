"""Fetches a video from an address that somebody gave us: a plain file over HTTP, or a site that yt-dlp knows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from moments_ray.errors import DownloadInterrupted
from moments_ray.media.downloaded import Downloaded
from moments_ray.media.guard import Resolver, check_url, resolve_by_system
from moments_ray.media.http_file import fetch_file
from moments_ray.media.site_tool import BeforeRequest
from moments_ray.media.sites import fetch_from_site, no_pause
from moments_ray.settings import Settings

# An address that ends so is a file, whoever serves it; asking yt-dlp first costs seconds.
_FILE_SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".flv", ".ts", ".mpg", ".mpeg", ".wmv")


def names_file(url: str) -> bool:
    """Tell whether an address is that of a video file and not of a page about one."""
    return urlsplit(url).path.lower().endswith(_FILE_SUFFIXES)


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
