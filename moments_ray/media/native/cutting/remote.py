"""Reads a file behind a URL as if it were local: only the parts that are asked for, each of them once."""

from __future__ import annotations

import asyncio
import io
import re
import time
from pathlib import Path

import httpx

from moments_ray.errors import DownloadBusy, DownloadInterrupted, DownloadPrivate, DownloadTooLarge, DownloadUnavailable
from moments_ray.media.busy_host import busy, wait_seconds
from moments_ray.media.guard import REDIRECTS_MESSAGE, guarded_client
from moments_ray.settings import DownloadSettings

_BLOCK = 1 << 16
# A request costs a connection; one that reaches past what is needed costs bytes. Reading on doubles it between these.
_FEWEST_BLOCKS = 2
_MOST_BLOCKS = 8
_TRIES = 3
_PAUSE_SECONDS = 0.5
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


class RemoteFile:
    """One file on a server that answers range requests, and the parts of it that have come, in a sparse local file.

    ``fetched`` counts the bytes that came. Raises DownloadPrivate, DownloadUnavailable (also where a server sends whole
    files only), DownloadTooLarge, DownloadInterrupted and what the URL guard raises.
    """

    def __init__(self, url: str, settings: DownloadSettings, parts: Path) -> None:
        self._url = url
        self._settings = settings
        self._runner = asyncio.Runner()
        self._client = guarded_client(settings)
        self._parts = parts.open("w+b")
        self._here: set[int] = set()
        self._last = -1
        self._blocks = _FEWEST_BLOCKS
        self._version: tuple[str | None, int] | None = None
        self.fetched = 0
        try:
            self._fetch(0, _BLOCK * _FEWEST_BLOCKS)
        except BaseException:
            self.close()
            raise

    @property
    def size(self) -> int:
        """The length of the whole file in bytes."""
        return 0 if self._version is None else self._version[1]

    def view(self) -> io.BufferedIOBase:
        """Return the file for one reader, with a position of its own."""
        return _View(self)

    def close(self) -> None:
        """Close the connection and forget the parts."""
        self._runner.run(self._client.aclose())
        self._runner.close()
        self._parts.close()

    def read_at(self, position: int, length: int) -> bytes:
        """Return bytes, fetching what of them is not here yet."""
        end = min(position + length, self.size)
        if position >= end:
            return b""
        for block in range(position // _BLOCK, -(-end // _BLOCK)):
            if block not in self._here:
                self._fetch_from(block)
        self._parts.seek(position)
        return self._parts.read(end - position)

    def _fetch_from(self, block: int) -> None:
        """Fetch a block and, where reading goes on, more of those after it."""
        self._blocks = min(self._blocks * 2, _MOST_BLOCKS) if block == self._last + 1 else _FEWEST_BLOCKS
        until = block + 1
        while until < block + self._blocks and until not in self._here:
            until += 1
        self._fetch(block * _BLOCK, until * _BLOCK)

    def _fetch(self, begin: int, end: int) -> None:
        """Fetch whole blocks; a connection that breaks is tried again."""
        for attempt in range(_TRIES):
            try:
                data = self._runner.run(self._get(begin, end))
                break
            except httpx.TooManyRedirects as error:
                raise DownloadUnavailable(REDIRECTS_MESSAGE) from error
            except DownloadBusy as error:
                seconds = wait_seconds(error)
                if attempt + 1 == _TRIES or seconds is None:
                    raise
                time.sleep(seconds)
            except (httpx.HTTPError, DownloadInterrupted) as error:
                if attempt + 1 == _TRIES:
                    raise DownloadInterrupted(f"The connection to {httpx.URL(self._url).host} broke.") from error
                time.sleep(_PAUSE_SECONDS * 2**attempt)
        self.fetched += len(data)
        if self.fetched > self._settings.max_bytes:
            raise DownloadTooLarge(f"The cut needs more than the limit of {self._settings.max_bytes} bytes.")
        self._parts.seek(begin)
        self._parts.write(data)
        self._here.update(range(begin // _BLOCK, -(-(begin + len(data)) // _BLOCK)))
        self._last = (begin + len(data) - 1) // _BLOCK

    async def _get(self, begin: int, end: int) -> bytes:
        headers = {"Range": f"bytes={begin}-{end - 1}", "Accept-Encoding": "identity", "User-Agent": "moments-ray"}
        async with self._client.stream("GET", self._url, headers=headers) as response:
            begins, ends = self._check(response)
            if begins != begin or ends >= end or (ends + 1 < end and ends + 1 != self.size):
                raise DownloadInterrupted("The server answered with another range than asked.")
            data = bytearray()
            async for chunk in response.aiter_raw():
                data += chunk
                if len(data) > ends + 1 - begins:
                    break
        if len(data) != ends + 1 - begins:
            raise DownloadInterrupted("The server sent another number of bytes than it announced.")
        return bytes(data)

    def _check(self, response: httpx.Response) -> tuple[int, int]:
        """Return the first and the last byte that come, if they are a part of the file that was begun."""
        if response.status_code in {401, 403, 407}:
            raise DownloadPrivate(f"The video's host refuses access (HTTP {response.status_code}).")
        if (error := busy(response)) is not None:
            raise error
        if response.status_code in {408, 425} or response.status_code >= 500:
            raise DownloadInterrupted(f"The video's host is not able to answer now (HTTP {response.status_code}).")
        found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if response.status_code == 200 or (response.status_code == 206 and found is None):
            raise DownloadUnavailable("The video's host sends whole files only; download the video first.")
        if found is None:
            raise DownloadUnavailable(f"There is no video at this address (HTTP {response.status_code}).")
        begins, ends, size = (int(number) for number in found.groups())
        version = (response.headers.get("ETag"), size)
        if self._version is not None and version != self._version:
            raise DownloadUnavailable("The video changed on its host while it was being cut.")
        self._version = version
        return begins, ends


class _View(io.BufferedIOBase):
    """A position in a remote file."""

    def __init__(self, file: RemoteFile) -> None:
        self._file = file
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._file.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        length = self._file.size - self._position if size is None or size < 0 else size
        data = self._file.read_at(self._position, length)
        self._position += len(data)
        return data
