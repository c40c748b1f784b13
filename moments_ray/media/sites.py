"""Fetches a video from a site that yt-dlp knows, with the captions the site has.

yt-dlp runs as a child whose HTTP goes through our proxy, without configuration, plugins, cookies, cache or ffmpeg, and
writes under fixed names only. It runs twice: once to learn what there is, once to fetch what we chose.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from moments_ray.errors import (
    DiskFull,
    DownloadError,
    DownloadInterrupted,
    DownloadPrivate,
    DownloadTooLarge,
    DownloadUnavailable,
    MediaError,
    MediaLimitsExceeded,
    MediaTimeout,
    MomentsError,
    UnsupportedMedia,
)
from moments_ray.media.downloaded import Downloaded, SiteCaptions, clean_title
from moments_ray.media.egress import EgressProxy, egress_proxy
from moments_ray.media.guard import Resolver, resolve_by_system
from moments_ray.media.process import ffmpeg_executable, run_tool
from moments_ray.media.source import FFMPEG_GLOBAL_ARGUMENTS, ffmpeg_input_arguments, file_url
from moments_ray.settings import Settings
from moments_ray.storage.blocking import require_free_space

# The JavaScript engine that yt-dlp starts for some sites reserves terabytes of address space and uses little of it.
_ADDRESS_SPACE = 1 << 46
_INFO_SECONDS = 180.0
_MERGE_SECONDS = 600.0
_MAX_INFO_BYTES = 64 << 20
_MAX_CAPTIONS = 5
_FORMATS = "bestvideo*[height<=1080]+bestaudio/best[height<=1080]/bestvideo*+bestaudio/best"
_CAPTION_FORMATS = ("json3", "vtt", "srt")
_LANGUAGE = re.compile(r"[A-Za-z0-9_-]{1,40}")
_PROGRESS = "download:moments %(progress.downloaded_bytes)s %(progress.total_bytes,progress.total_bytes_estimate)s"

# The system's word for a file over our limit on a child's files; a disk that is full has another.
_FILE_LIMIT = "File too large"

# What yt-dlp says, and what it means to the user. The first that fits counts.
_UNKNOWN_SITE = re.compile(r"Unsupported URL|No suitable extractor|is not a valid URL", re.IGNORECASE)
_MEANINGS: tuple[tuple[str, type[DownloadError], str], ...] = (
    (
        r"HTTP Error (?:408|425|429|5\d\d)|timed? ?out|reset by|IncompleteRead|more expected|Remote end closed",
        DownloadInterrupted,
        "The connection to the video's site broke.",
    ),
    (
        r"HTTP Error 40[13]|private|log ?in|sign in|members.only|password|premium|purchase|cookies",
        DownloadPrivate,
        "The video is private, or its site wants a login.",
    ),
    (
        r"HTTP Error 4\d\d|unavailable|not available|in your country|removed|deleted|not exist|no longer|DRM",
        DownloadUnavailable,
        "The video is not available on its site.",
    ),
    (
        r"temporar|unreachable|refused|resolve|proxy|SSL",
        DownloadInterrupted,
        "The video's site cannot be reached.",
    ),
)


async def fetch_from_site(
    url: str,
    directory: Path,
    settings: Settings,
    on_progress: Callable[[float], None],
    resolver: Resolver = resolve_by_system,
) -> Downloaded | None:
    """Fetch a checked URL into ``directory``; None if no site that yt-dlp knows has such addresses.

    Raises the errors of ``media.download.download``.
    """
    async with egress_proxy(settings.download, resolver) as proxy:
        site = _Site(directory, settings, proxy)
        info = await site.describe(url)
        if info is None:
            return None
        _check_limits(info, settings)
        require_free_space(directory, bytes_needed(info))
        captions = _captions_to_fetch(info)
        await site.fetch(captions, on_progress)
    media, found = await asyncio.to_thread(_sort, directory, captions)
    if not media:
        # yt-dlp leaves out what is over --max-filesize without a word in its status.
        raise _too_large(settings)
    path = media[0] if len(media) == 1 else await _join(media, directory / "joined.mkv", settings)
    return Downloaded(
        path=path,
        bytes=(await asyncio.to_thread(path.stat)).st_size,
        title=clean_title(str(info.get("title") or "")),
        site=clean_title(str(info.get("extractor_key") or "")),
        site_id=clean_title(str(info.get("id") or "")),
        captions=found,
    )


class _Site:
    """One video's dealings with yt-dlp, all in one directory."""

    def __init__(self, directory: Path, settings: Settings, proxy: EgressProxy) -> None:
        self._directory = directory
        self._settings = settings
        self._proxy = proxy
        self._description = directory / "site.info.json"

    async def describe(self, url: str) -> dict[str, Any] | None:
        """Return what yt-dlp finds out about a URL, or None if no extractor takes it."""
        self._description.unlink(missing_ok=True)
        try:
            await self._run(
                ["--skip-download", "--write-info-json", "-o", "infojson:site", "--", url], timeout=_INFO_SECONDS
            )
        except MediaError as error:
            if _UNKNOWN_SITE.search(_complaint(error)):
                return None
            raise self._meaning(error) from error
        return await asyncio.to_thread(_read_description, self._description)

    async def fetch(self, captions: dict[str, bool], on_progress: Callable[[float], None]) -> None:
        """Fetch the described video and captions (language to whether automatic); goes on with partial files."""
        furthest = 0.0

        def on_line(line: str) -> None:
            nonlocal furthest
            if found := re.fullmatch(r"moments (\d+) (\d+)(?:\.\d+)?", line.strip()):
                furthest = max(furthest, min(int(found[1]) / max(int(found[2]), 1), 1.0))
                on_progress(furthest)

        options = ["--load-info-json", str(self._description), "-o", "source.%(ext)s", "--ignore-errors"]
        options += [
            "--max-filesize",
            str(self._settings.download.max_bytes),
            "--newline",
            "--progress-template",
            _PROGRESS,
        ]
        if captions:
            languages = ",".join(re.escape(language) for language in captions)
            options += ["--write-subs", "--write-auto-subs", "--sub-langs", languages]
            options += ["--sub-format", "/".join(_CAPTION_FORMATS)]
        try:
            await self._run(options, timeout=self._settings.download.timeout_seconds, on_line=on_line)
        except MediaError as error:
            raise self._meaning(error) from error
        except DiskFull as error:
            if _FILE_LIMIT in str(error.detail.get("stderr", "")):
                raise _too_large(self._settings) from error
            raise

    async def _run(
        self, options: Sequence[str], *, timeout: float, on_line: Callable[[str], None] | None = None
    ) -> None:
        argv = [
            *(sys.executable, "-m", "yt_dlp", "--ignore-config", "--no-plugin-dirs", "--no-cache-dir", "--no-cookies"),
            *("--no-remote-components", "--ies", "all,-generic", "--no-playlist", "--playlist-items", "1"),
            *("--proxy", self._proxy.url, "--socket-timeout", "20", "--retries", "3", "--fragment-retries", "5"),
            # Foreign media meets ffmpeg under our rules only, so yt-dlp gets none.
            *("--ffmpeg-location", str(self._directory / "no-ffmpeg"), "--fixup", "never", "--hls-prefer-native"),
            *("--format", _FORMATS, "--no-mtime", "--no-color", "--no-overwrites", "--continue"),
        ]
        largest = max(self._settings.download.max_bytes, _MAX_INFO_BYTES)
        limits = self._settings.media.model_copy(update={"max_scratch_bytes": largest})
        try:
            await run_tool(
                [*argv, *options],
                timeout=timeout,
                settings=limits,
                cwd=self._directory,
                on_stdout=on_line,
                memory_bytes=_ADDRESS_SPACE,
                network=True,
            )
        except MediaTimeout as error:
            raise DownloadInterrupted("The video's site did not answer in time.", error.detail) from error

    def _meaning(self, error: MediaError) -> MomentsError:
        """Say in our terms what yt-dlp complained of."""
        if self._proxy.refused:
            return self._proxy.refused[0]
        complaint = _complaint(error)
        for pattern, kind, message in _MEANINGS:
            if re.search(pattern, complaint, re.IGNORECASE):
                return kind(message, {"reason": complaint})
        return DownloadError("The video could not be fetched from its site.", {"reason": complaint})


def _too_large(settings: Settings) -> DownloadTooLarge:
    return DownloadTooLarge(f"The video is larger than the limit of {settings.download.max_bytes} bytes.")


def _complaint(error: MediaError) -> str:
    """Return the first line that yt-dlp marked as an error."""
    lines = str(error.detail.get("stderr", "")).splitlines()
    return next((line[:500] for line in lines if line.startswith("ERROR:")), str(error)[:500])


def _read_description(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MAX_INFO_BYTES:
            raise DownloadError("The site says more about this video than we read.")
        description = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DownloadUnavailable("The site shows no video at this address.") from error
    if not isinstance(description, dict):
        raise DownloadUnavailable("The site shows no video at this address.")
    return description


def _check_limits(info: dict[str, Any], settings: Settings) -> None:
    if (info.get("playlist_count") or 1) > 1 or info.get("_type") == "playlist":
        raise UnsupportedMedia("This address is a list of videos; give the address of one.")
    if info.get("is_live") or info.get("live_status") in {"is_live", "is_upcoming"}:
        raise DownloadUnavailable("This is a live broadcast; come back when it has ended.")
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
        if suffix in _CAPTION_FORMATS:
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
