"""The bytes of objects to and from Google Cloud Storage, in pieces that are resumed where they broke off.

The official client has no asynchronous transfers: one of its blocking uploads can neither be cancelled nor told
where to go on. Sessions, metadata and everything else are the client's (``gcs``); only media pass through here.
Protocol: https://cloud.google.com/storage/docs/performing-resumable-uploads.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import httpx

from moments_ray.errors import StorageError
from moments_ray.process.retry import backoff
from moments_ray.storage.object_store import CHUNK_BYTES

PASSING_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
_RESUME_INCOMPLETE = 308
_RANGE_NOT_SATISFIABLE = 416


@dataclass(frozen=True)
class RetryLimits:
    """How long and how often one piece is tried before the operation fails."""

    attempts: int = 6
    first_delay: float = 0.5
    longest_delay: float = 8.0
    connect_seconds: float = 10.0
    silence_seconds: float = 30.0
    piece_bytes: int = 8 * CHUNK_BYTES  # of an upload: a multiple of 256 KiB

    def delay(self, failures: int) -> float:
        """Return the seconds to wait after so many failures in a row."""
        return backoff(failures, self.first_delay, self.longest_delay)


class SessionLostError(Exception):
    """The upload's session is gone: begin a new one."""


class ChecksumRefusedError(Exception):
    """The service got other bytes than were announced, and stored nothing."""


class MediaTransport:
    """HTTP connections to one service, made again for every event loop that uses them."""

    def __init__(self, headers: Callable[[], Awaitable[Mapping[str, str]]], limits: RetryLimits) -> None:
        self._headers = headers
        self._limits = limits
        self._tls = ssl.create_default_context()
        self._connections: tuple[asyncio.AbstractEventLoop, httpx.AsyncClient] | None = None

    async def upload(self, session: str, read: Callable[[int, int], Awaitable[bytes]], size: int) -> None:
        """Send an object through a resumable session; ``read(start, length)`` gives its bytes.

        Raises:
            SessionLostError: the session is gone.
            ChecksumRefusedError: the bytes did not arrive as announced.
            httpx.HTTPError: the service refused, or failed more often than the limits allow.
        """
        offset = failures = 0
        known = True
        while True:
            try:
                if known:
                    length = min(self._limits.piece_bytes, size - offset)
                    reached = await self._send(session, offset, await read(offset, length), size)
                else:
                    reached = await self._send(session, None, b"", size)
            except httpx.HTTPError as error:
                failures += 1
                if not is_passing(error) or failures >= self._limits.attempts:
                    raise
                await asyncio.sleep(self._limits.delay(failures))
                known = False
                continue
            if reached is None:
                return
            if reached > offset:
                failures = 0
            offset, known = reached, True

    async def read(self, url: str, start: int, length: int) -> bytes:
        """Return a range of an object; fewer bytes, or none, where it ends before.

        Raises:
            httpx.HTTPError: the service refused, or failed more often than the limits allow.
        """
        failures = 0
        while True:
            try:
                return await self._fetch(url, start, length)
            except httpx.HTTPError as error:
                failures += 1
                if not is_passing(error) or failures >= self._limits.attempts:
                    raise
                await asyncio.sleep(self._limits.delay(failures))

    async def close(self) -> None:
        """Close the connections of the running event loop."""
        if self._connections is not None and self._connections[0] is asyncio.get_running_loop():
            await self._connections[1].aclose()
            self._connections = None

    async def _send(self, session: str, offset: int | None, piece: bytes, size: int) -> int | None:
        """Send a piece, or ask how far the service got; return that, or None when it has made the object."""
        span = f"{offset}-{offset + len(piece) - 1}" if offset is not None and piece else "*"
        response = await self._client().put(session, content=piece, headers={"Content-Range": f"bytes {span}/{size}"})
        if response.status_code == _RESUME_INCOMPLETE:
            persisted = re.fullmatch(r"bytes=0-(\d+)", response.headers.get("Range", ""))
            return int(persisted[1]) + 1 if persisted else 0
        if response.status_code in {404, 410}:
            raise SessionLostError
        if response.status_code == 400 and "crc32c" in response.text.lower():
            raise ChecksumRefusedError(response.text)
        response.raise_for_status()
        return None

    async def _fetch(self, url: str, start: int, length: int) -> bytes:
        headers = {
            **await self._headers(),
            "Range": f"bytes={start}-{start + length - 1}",
            "Accept-Encoding": "identity",
        }
        response = await self._client().get(url, headers=headers)
        if response.status_code == _RANGE_NOT_SATISFIABLE:
            return b""
        response.raise_for_status()
        if response.status_code != 206:
            raise StorageError(f"Google Cloud Storage answered a range request with status {response.status_code}.")
        return response.content

    def _client(self) -> httpx.AsyncClient:
        loop = asyncio.get_running_loop()
        if self._connections is None or self._connections[0] is not loop:
            timeout = httpx.Timeout(self._limits.silence_seconds, connect=self._limits.connect_seconds)
            self._connections = (loop, httpx.AsyncClient(verify=self._tls, timeout=timeout))
        return self._connections[1]


def is_passing(error: httpx.HTTPError) -> bool:
    """Tell whether the same request may well succeed later."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in PASSING_STATUSES
    return isinstance(error, httpx.TransportError)
