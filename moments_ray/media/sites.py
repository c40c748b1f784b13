"""Fetches a video from a site that yt-dlp knows, with the captions, chapters and replays the site has.

yt-dlp runs twice: once to learn what there is, once to fetch what we chose. Where a site's settings name ways out, the
next one is taken when the site blocks this one.
"""

from __future__ import annotations

import asyncio
import math
import re
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from moments_ray.errors import (
    DownloadLive,
    MediaLimitsExceeded,
    UnsupportedMedia,
)
from moments_ray.media.downloaded import Downloaded, SiteCaptions, clean_title
from moments_ray.media.egress import egress_proxy
from moments_ray.media.guard import Resolver, resolve_by_system
from moments_ray.media.process import ffmpeg_executable, run_tool
from moments_ray.media.site_complaints import ELSEWHERE
from moments_ray.media.site_tool import CAPTION_FORMATS, BeforeRequest, SiteTool, too_large
from moments_ray.media.source import FFMPEG_GLOBAL_ARGUMENTS, ffmpeg_input_arguments, file_url
from moments_ray.settings import Settings
from moments_ray.site_settings import SiteSettings
from moments_ray.storage.blocking import require_free_space

_MERGE_SECONDS = 600.0
_MAX_CAPTIONS = 5
_LANGUAGE = re.compile(r"[A-Za-z0-9_-]{1,40}")
_KEPT_OF_INFO = ("chapters", "heatmap")
# Hosts under which a site has its videos as well.
_ALSO = {"youtu.be": "youtube.com", "youtube-nocookie.com": "youtube.com", "x.com": "twitter.com"}


async def no_pause() -> None:
    """Wait for nothing."""


def site_settings(url: str, settings: Settings) -> tuple[str, SiteSettings]:
    """Return the name under which an address's site is set, or its host, and the settings of that site."""
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    labels = host.split(".")
    for first in range(len(labels) - 1):
        name = ".".join(labels[first:])
        for known in (name, _ALSO.get(name, name)):
            if known in settings.sites:
                return known, settings.sites[known]
    return host, SiteSettings()


async def fetch_from_site(
    url: str,
    directory: Path,
    settings: Settings,
    on_progress: Callable[[float], None],
    *,
    resolver: Resolver = resolve_by_system,
    before_request: BeforeRequest = no_pause,
) -> Downloaded | None:
    """Fetch a checked URL into ``directory``; None if no site that yt-dlp knows has such addresses.

    Raises the errors of ``media.download.download``.
    """
    _, site = site_settings(url, settings)
    ways = _ways_out(url, site.proxies)
    for way in ways:
        try:
            async with egress_proxy(settings.download, resolver, way) as proxy:
                tool = SiteTool(directory, settings, site, proxy, before_request)
                return await _fetch_by(tool, url, directory, settings, on_progress)
        except ELSEWHERE:
            if way is ways[-1]:
                raise
            await asyncio.to_thread(_forget, directory)
    raise AssertionError


def _ways_out(url: str, proxies: Sequence[SecretStr]) -> list[SecretStr | None]:
    """Return the proxies, from another one on for another video, so that each carries its share; None goes straight."""
    first = zlib.crc32(url.encode()) % max(1, len(proxies))
    return [*proxies[first:], *proxies[:first]] or [None]


def _forget(directory: Path) -> None:
    """Remove partial files: another address may be shown other ones."""
    for path in directory.glob("source.*"):
        path.unlink(missing_ok=True)


async def _fetch_by(
    tool: SiteTool, url: str, directory: Path, settings: Settings, on_progress: Callable[[float], None]
) -> Downloaded | None:
    info = await tool.describe(url)
    if info is None:
        return None
    _check_limits(info, settings)
    require_free_space(directory, bytes_needed(info))
    captions = _captions_to_fetch(info)
    await tool.fetch(captions, on_progress)
    media, found = await asyncio.to_thread(_sort, directory, captions)
    if not media:
        # yt-dlp leaves out what is over --max-filesize without a word in its status.
        raise too_large(settings)
    path = media[0] if len(media) == 1 else await _join(media, directory / "joined.mkv", settings)
    return Downloaded(
        path=path,
        bytes=(await asyncio.to_thread(path.stat)).st_size,
        title=clean_title(str(info.get("title") or "")),
        site=clean_title(str(info.get("extractor_key") or "")),
        site_id=clean_title(str(info.get("id") or "")),
        captions=found,
        about={name: info[name] for name in _KEPT_OF_INFO if isinstance(info.get(name), list)},
    )


def _check_limits(info: dict[str, Any], settings: Settings) -> None:
    if (info.get("playlist_count") or 1) > 1 or info.get("_type") == "playlist":
        raise UnsupportedMedia("This address is a list of videos; give the address of one.")
    if info.get("live_status") == "is_upcoming":
        raise DownloadLive("This broadcast has not begun: come back when it has ended.")
    if info.get("is_live") or info.get("live_status") == "is_live":
        raise DownloadLive("This broadcast is live: come back when it has ended.")
    duration, limit = info.get("duration"), settings.media.max_duration_seconds
    if isinstance(duration, int | float) and duration > limit:
        raise MediaLimitsExceeded(f"The video lasts {duration:.0f} s; the limit is {limit:.0f} s.")


def bytes_needed(info: dict[str, Any]) -> int:
    """Return the bytes that a video takes, as far as its site tells; parts are there twice while they are joined."""
    size = info.get("filesize") or info.get("filesize_approx") or 0
    parts = info.get("requested_formats") or []
    return int(size) * (2 if len(parts) > 1 else 1) if isinstance(size, int | float) and size < math.inf else 0


def _captions_to_fetch(info: dict[str, Any]) -> dict[str, bool]:
    """Choose caption languages, best first: people's own in the video's language, others, the site's recogniser's.

    Automatic translations are left out: they are guesses of guesses.
    """
    spoken = str(info.get("language") or "")
    manual = [name for name in info.get("subtitles") or {} if _LANGUAGE.fullmatch(name) and name != "live_chat"]
    manual.sort(key=lambda name: (not _same_language(name, spoken), not name.startswith("en"), name))
    automatic = info.get("automatic_captions") or {}
    original = [name for name in automatic if name.endswith("-orig") and _LANGUAGE.fullmatch(name)]
    if not original and spoken in automatic and _LANGUAGE.fullmatch(spoken):
        original = [spoken]
    chosen = dict.fromkeys(manual[:_MAX_CAPTIONS], False)
    return chosen | {name: True for name in original[:1] if name not in chosen}


def _same_language(name: str, spoken: str) -> bool:
    return bool(spoken) and name.partition("-")[0] == spoken.partition("-")[0]


def _sort(directory: Path, captions: dict[str, bool]) -> tuple[list[Path], tuple[SiteCaptions, ...]]:
    """Tell the media files from the caption files among what yt-dlp wrote."""
    media: list[Path] = []
    by_language: dict[str, Path] = {}
    for path in sorted(directory.glob("source.*")):
        suffix = path.suffix.removeprefix(".")
        if suffix in CAPTION_FORMATS:
            by_language[path.name.removeprefix("source.").removesuffix(path.suffix)] = path
        elif suffix not in {"part", "ytdl", "temp"}:
            media.append(path)
    return media, tuple(
        SiteCaptions(path=by_language[language], language=language.removesuffix("-orig"), automatic=automatic)
        for language, automatic in captions.items()
        if language in by_language
    )


async def _join(media: Sequence[Path], target: Path, settings: Settings) -> Path:
    """Put the picture and the sound that a site keeps apart into one file, without re-encoding them."""
    argv = [ffmpeg_executable(), *FFMPEG_GLOBAL_ARGUMENTS]
    streams: list[str] = []
    for number, path in enumerate(media):
        argv += ffmpeg_input_arguments(path, settings.media)
        streams += ["-map", f"{number}:v?", "-map", f"{number}:a?"]
    argv += [*streams, "-c", "copy", "-map_metadata", "-1", "-f", "matroska", file_url(target)]
    await run_tool(argv, timeout=_MERGE_SECONDS, settings=settings.media)
    for path in media:
        path.unlink()
    return target
