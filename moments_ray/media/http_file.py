"""Fetches one file over HTTP, goes on where an earlier try broke off, and trusts no number the server gives."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import re
import time
from collections.abc import AsyncIterator, Callable
from email.message import Message
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import unquote

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from moments_ray.errors import (
    DownloadBusy,
    DownloadError,
    DownloadInterrupted,
    DownloadPrivate,
    DownloadTooLarge,
    DownloadUnavailable,
)
from moments_ray.media.busy_host import busy, wait_seconds
from moments_ray.media.downloaded import Downloaded, clean_title
from moments_ray.media.guard import REDIRECTS_MESSAGE, Resolver, guarded_client, resolve_by_system
from moments_ray.settings import DownloadSettings
from moments_ray.storage.blocking import disk_full, require_free_space

SPEED_WINDOW_SECONDS = 30.0
_WRITE_BYTES = 1 << 20
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")
_PASSING_STATUSES = frozenset({408, 425})
_BUSY_TRIES = 3


class _Mark(BaseModel):
    """Says of a partial file which address it came from and which version of it."""

    model_config = ConfigDict(frozen=True)

    url: str
    validator: str


async def fetch_file(
    url: httpx.URL,
    directory: Path,
    settings: DownloadSettings,
    on_progress: Callable[[float], None],
    resolver: Resolver = resolve_by_system,
) -> Downloaded:
    """Fetch a URL into ``directory/source``, waiting for a host that is busy as long as it asks, within reason.

    Raises the errors of ``media.download.download``.
    """
    for _ in range(_BUSY_TRIES - 1):
        try:
            return await _fetch_once(url, directory, settings, on_progress, resolver)
        except DownloadBusy as error:
            seconds = wait_seconds(error)
            if seconds is None:
                raise
            await asyncio.sleep(seconds)
    return await _fetch_once(url, directory, settings, on_progress, resolver)


async def _fetch_once(
    url: httpx.URL,
    directory: Path,
    settings: DownloadSettings,
    on_progress: Callable[[float], None],
    resolver: Resolver,
) -> Downloaded:
    partial = _Partial(directory, str(url))
    try:
        async with guarded_client(settings, resolver) as client:
            for _ in range(2):
                offset, validator = await asyncio.to_thread(partial.resume_point)
                async with client.stream("GET", url, headers=_headers(offset, validator)) as response:
                    if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE and offset:
                        if _content_range(response)[1] != offset:
                            partial.path.unlink()
                            continue
                    else:
                        await _receive(response, offset, partial, settings, on_progress)
                    return await asyncio.to_thread(partial.finish, title_of(response))
    except httpx.TooManyRedirects as error:
        raise DownloadUnavailable(REDIRECTS_MESSAGE) from error
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise DownloadInterrupted(f"{url.host} cannot be reached.") from error
    except httpx.ReadTimeout as error:
        raise DownloadInterrupted(f"{url.host} stopped sending.") from error
    except httpx.HTTPError as error:
        raise DownloadInterrupted(f"The connection to {url.host} broke.", {"reason": str(error)}) from error
    raise DownloadInterrupted(f"{url.host} answers with ranges that do not fit together.")


class _Partial:
    """The bytes of a URL that have arrived, and a mark of which version of it they are."""

    def __init__(self, directory: Path, url: str) -> None:
        self.path = directory / "source.part"
        self._mark_path = directory / "source.part.json"
        self._target = directory / "source"
        self._url = url

    def resume_point(self) -> tuple[int, str]:
        """Return how many bytes are there, and of which version; clear the way if they are of no use."""
        with contextlib.suppress(OSError, ValidationError):
            mark = _Mark.model_validate_json(self._mark_path.read_bytes())
            if mark.url == self._url and mark.validator:
                return self.path.stat().st_size, mark.validator
        self.path.unlink(missing_ok=True)
        return 0, ""

    def mark(self, headers: httpx.Headers) -> None:
        """Note which version arrives now; without a strong validator a later try starts again."""
        etag = headers.get("ETag", "")
        validator = etag if etag.startswith('"') else headers.get("Last-Modified", "")
        self._mark_path.write_text(_Mark(url=self._url, validator=validator).model_dump_json())

    def finish(self, title: str | None) -> Downloaded:
        """Give the whole file its name."""
        size = self.path.stat().st_size
        if size == 0:
            raise DownloadUnavailable("The video's host sent an empty file.")
        self.path.replace(self._target)
        self._mark_path.unlink(missing_ok=True)
        return Downloaded(path=self._target, bytes=size, title=title)


def _headers(offset: int, validator: str) -> dict[str, str]:
    # identity: a compressed body could be a thousand times what was sent.
    headers = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "moments-ray"}
    return headers | {"Range": f"bytes={offset}-", "If-Range": validator} if offset else headers


async def _receive(
    response: httpx.Response,
    offset: int,
    partial: _Partial,
    settings: DownloadSettings,
    on_progress: Callable[[float], None],
) -> None:
    """Append the body to the partial file within every bound."""
    start, total = _check(response, offset, settings)
    require_free_space(partial.path.parent, (total or 0) - start)
    if start == 0:
        await asyncio.to_thread(partial.mark, response.headers)
    position = start
    with await asyncio.to_thread(partial.path.open, "ab" if start else "wb") as file:
        async for block in _blocks(response, settings.min_bytes_per_second):
            position += len(block)
            if position > settings.max_bytes:
                raise _too_large(settings)
            await _write(file, block)
            if total:
                on_progress(min(position / total, 1.0))
    if total is not None and position != total:
        raise DownloadInterrupted(f"The server announced {total} bytes and sent {position}.")


def _check(response: httpx.Response, offset: int, settings: DownloadSettings) -> tuple[int, int | None]:
    """Return where in the file this body begins and how long the file is, if the answer is one we can use."""
    status = response.status_code
    if status in {401, 403, 407}:
        raise DownloadPrivate(f"The video's host refuses access (HTTP {status}); it is private or needs a login.")
    if (error := busy(response)) is not None:
        raise error
    if status in _PASSING_STATUSES or status >= 500:
        raise DownloadInterrupted(f"The video's host is not able to answer now (HTTP {status}).")
    if status not in {200, 206}:
        raise DownloadUnavailable(f"There is no video at this address (HTTP {status}).")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise DownloadUnavailable("The video's host sends it compressed, which is not accepted.")
    start, total = _content_range(response) if status == 206 else (0, _length(response))
    if start is None or (start and start != offset):
        raise DownloadInterrupted("The video's host answered with another range than asked.")
    if total is not None and total > settings.max_bytes:
        raise _too_large(settings)
    return start, total


def _content_range(response: httpx.Response) -> tuple[int | None, int | None]:
    found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    start, total = found.groups() if found else (None, None)
    return (None if start is None else int(start)), (int(total) if total and total != "*" else None)


def _length(response: httpx.Response) -> int | None:
    value = response.headers.get("Content-Length", "")
    return int(value) if value.isdecimal() else None


async def _blocks(response: httpx.Response, slowest: int) -> AsyncIterator[bytes]:
    """Yield the body in pieces worth writing; what has come before a break is yielded too."""
    buffer = bytearray()
    window_start, window_bytes = time.monotonic(), 0
    try:
        async for chunk in response.aiter_raw():
            buffer += chunk
            window_bytes += len(chunk)
            if len(buffer) >= _WRITE_BYTES:
                yield bytes(buffer)
                buffer.clear()
            elapsed = time.monotonic() - window_start
            if elapsed >= SPEED_WINDOW_SECONDS:
                if window_bytes < slowest * elapsed:
                    raise DownloadInterrupted(f"The video's host sends less than {slowest} bytes a second.")
                window_start, window_bytes = time.monotonic(), 0
    except (httpx.HTTPError, DownloadError):
        yield bytes(buffer)
        raise
    yield bytes(buffer)


async def _write(file: IO[bytes], block: bytes) -> None:
    try:
        await asyncio.to_thread(file.write, block)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}:
            raise disk_full(Path(file.name), len(block)) from error
        raise


def title_of(response: httpx.Response) -> str | None:
    """Return the name the server gives the file, else the last part of the address, without its suffix."""
    header = Message()
    header["Content-Disposition"] = response.headers.get("Content-Disposition", "")
    name = header.get_filename() or unquote(PurePosixPath(response.url.path).name)
    return clean_title(PurePosixPath(name).stem)


def _too_large(settings: DownloadSettings) -> DownloadTooLarge:
    return DownloadTooLarge(f"The video is larger than the limit of {settings.max_bytes} bytes.")
