"""Runs yt-dlp for one video: a guarded child whose HTTP goes through our proxy, and which is told secrets on stdin.

It has no configuration of the machine's, no plugins, cache or ffmpeg, and writes under fixed names only.
"""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from moments_ray.errors import (
    DiskFull,
    DownloadError,
    DownloadInterrupted,
    DownloadTooLarge,
    DownloadUnavailable,
    MediaError,
    MediaTimeout,
    MomentsError,
)
from moments_ray.media import javascript
from moments_ray.media.egress import EgressProxy
from moments_ray.media.process import run_tool
from moments_ray.media.site_complaints import complaint, is_unknown_site, meaning
from moments_ray.settings import Settings
from moments_ray.site_settings import SiteSettings

CAPTION_FORMATS = ("json3", "vtt", "srt")
_INFO_SECONDS = 180.0
_MAX_INFO_BYTES = 64 << 20
_MAX_COOKIE_BYTES = 4 << 20
_FORMATS = "bestvideo*[height<=1080]+bestaudio/best[height<=1080]/bestvideo*+bestaudio/best"
_PROGRESS = "download:moments %(progress.downloaded_bytes)s %(progress.total_bytes,progress.total_bytes_estimate)s"
_COOKIES = "cookies.txt"

# The system's word for a file over our limit on a child's files; a disk that is full has another.
_FILE_LIMIT = "File too large"

BeforeRequest = Callable[[], Awaitable[None]]


class SiteTool:
    """One video's dealings with yt-dlp, all in one directory, by one way out.

    ``before_request`` is waited for before each time the site is asked.
    """

    def __init__(
        self,
        directory: Path,
        settings: Settings,
        site: SiteSettings,
        proxy: EgressProxy,
        before_request: BeforeRequest,
    ) -> None:
        self._directory = directory
        self._settings = settings
        self._site = site
        self._proxy = proxy
        self._before_request = before_request
        self._description = directory / "site.info.json"

    async def describe(self, url: str) -> dict[str, Any] | None:
        """Return what yt-dlp finds out about a URL, or None if no extractor takes it."""
        self._description.unlink(missing_ok=True)
        try:
            await self._run(
                ["--skip-download", "--write-info-json", "-o", "infojson:site", "--", url], timeout=_INFO_SECONDS
            )
        except MediaError as error:
            if is_unknown_site(self._complaint(error)):
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
        options += ["--max-filesize", str(self._settings.download.max_bytes)]
        options += ["--newline", "--progress-template", _PROGRESS]
        if captions:
            languages = ",".join(re.escape(language) for language in captions)
            options += ["--write-subs", "--write-auto-subs", "--sub-langs", languages]
            options += ["--sub-format", "/".join(CAPTION_FORMATS)]
        try:
            await self._run(options, timeout=self._settings.download.timeout_seconds, on_line=on_line)
        except MediaError as error:
            raise self._meaning(error) from error
        except DiskFull as error:
            if _FILE_LIMIT in str(error.detail.get("stderr", "")):
                raise too_large(self._settings) from error
            raise

    async def _run(
        self, options: Sequence[str], *, timeout: float, on_line: Callable[[str], None] | None = None
    ) -> None:
        await self._before_request()
        argv = [
            *(sys.executable, "-m", "yt_dlp", "--ignore-config", "--config-locations", "-"),
            *("--no-plugin-dirs", "--no-cache-dir", "--no-remote-components"),
            *("--ies", "all,-generic", "--no-playlist", "--playlist-items", "1"),
            *("--proxy", self._proxy.url, "--socket-timeout", "20", "--retries", "3", "--fragment-retries", "5"),
            # Foreign media meets ffmpeg under our rules only, so yt-dlp gets none.
            *("--ffmpeg-location", str(self._directory / "no-ffmpeg"), "--fixup", "never", "--hls-prefer-native"),
            *("--format", _FORMATS, "--no-mtime", "--no-color", "--no-overwrites", "--continue"),
        ]
        engine = javascript.deno_executable()
        argv += ["--js-runtimes", f"deno:{engine}"] if engine else ["--no-js-runtimes"]
        largest = max(self._settings.download.max_bytes, _MAX_INFO_BYTES)
        cookies = self._directory / _COOKIES
        try:
            argv += await asyncio.to_thread(self._bring_cookies, cookies)
            await run_tool(
                [*argv, *options],
                timeout=timeout,
                settings=self._settings.media.model_copy(update={"max_scratch_bytes": largest}),
                cwd=self._directory,
                on_stdout=on_line,
                memory_bytes=javascript.ADDRESS_SPACE_BYTES,
                data_bytes=javascript.data_bytes(self._settings.media),
                network=True,
                stdin=configuration(self._site).encode(),
                variables=javascript.deno_variables(str(self._directory / "deno")),
            )
        except MediaTimeout as error:
            raise DownloadInterrupted("The video's site did not answer in time.", error.detail) from error
        finally:
            cookies.unlink(missing_ok=True)

    def _bring_cookies(self, target: Path) -> list[str]:
        """Copy the site's cookies for yt-dlp alone, which writes to the file it is given; return its arguments."""
        source = self._site.cookies_path
        if source is None:
            return ["--no-cookies"]
        try:
            with source.open("rb") as file:
                text = file.read(_MAX_COOKIE_BYTES)
            target.unlink(missing_ok=True)
            target.touch(mode=0o600)
            target.write_bytes(text)
        except OSError as error:
            raise DownloadError(
                f"The cookies of `cookies_path` in MOMENTS_SITES cannot be read on this machine "
                f"({error.strerror or error}): put the file on every node that downloads."
            ) from error
        return ["--cookies", _COOKIES]

    def _complaint(self, error: MediaError) -> str:
        return complaint(str(error.detail.get("stderr", "")), str(error))

    def _meaning(self, error: MediaError) -> MomentsError:
        """Say in our terms what yt-dlp complained of."""
        if self._proxy.refused:
            return self._proxy.refused[0]
        if self._proxy.upstream_failures:
            return self._proxy.upstream_failures[0]
        return meaning(self._complaint(error))


def configuration(site: SiteSettings) -> str:
    """Return what yt-dlp reads from its stdin: the arguments of extractors, which may hold tokens."""
    lines = []
    for extractor, arguments in site.extractor_args.items():
        told = [f"{name}={','.join(each.get_secret_value() for each in values)}" for name, values in arguments.items()]
        lines.append(f"--extractor-args {shlex.quote(f'{extractor}:' + ';'.join(told))}\n")
    return "".join(lines)


def too_large(settings: Settings) -> DownloadTooLarge:
    """Return the error for a video over the limit."""
    return DownloadTooLarge(f"The video is larger than the limit of {settings.download.max_bytes} bytes.")


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
