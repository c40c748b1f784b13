"""Objects onto the disk: what has come stays when a connection breaks or the process dies, and is asked for once."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from moments_ray.client.connection import Connection
from moments_ray.errors import Conflict, DiskFull, InvalidRequest, MomentsError, ServerBadAnswer, ServerUnavailable
from moments_ray.process.file_lock import FileLock

_RANGE = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18})")
_AS_STORED = {"Accept-Encoding": "identity"}  # ranges count the object's own bytes
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True)
class _Stored:
    """An object as a response tells of it: ``etag`` changes when its bytes do."""

    etag: str
    bytes: int

    def part_of(self, target: Path) -> Path:
        """Return where what has come of it lies until it is whole."""
        mark = hashlib.sha256(self.etag.encode()).hexdigest()[:16]
        return target.with_name(f".{target.name}.{mark}.part")


async def read_range(connection: Connection, path: str, start: int, length: int) -> bytes:
    """Return so many bytes of an object from ``start``; fewer where it ends before."""
    asked = {**_AS_STORED, "Range": f"bytes={start}-{start + length - 1}"}
    received = bytearray()
    async with connection.stream(path, asked) as response:
        skipped = start - _offset(response)  # 0, but from a store that knows no ranges
        async for piece in response.aiter_raw():
            received += piece
            if len(received) >= skipped + length:
                break
    return bytes(received[skipped : skipped + length])


async def download(connection: Connection, path: str, target: Path) -> None:
    """Bring an object to a file, going on with what an earlier download that broke left beside it.

    Raises:
        ServerUnavailable: the connection kept breaking without a byte in between.
        Conflict: another process brings it there.
        InvalidRequest: nothing can be written there.
        DiskFull: there is no space.
    """
    backoff = connection.backoff()
    had = 0
    while True:
        part: Path | None = None
        try:
            stored = await _stat(connection, path)
            part = stored.part_of(target)
            with _file_errors(target), FileLock(part) as lock:
                if not lock.try_acquire():
                    raise Conflict(f"Another process is downloading to {target}; wait for it to end.")
                await _complete(connection, path, stored, part)
                part.replace(target)
                return
        except MomentsError as error:
            if not (error.retryable and connection.answered):
                raise
            if part is not None and (has := part.stat().st_size) > had:
                had = has
                backoff.renew()
            await backoff.wait(error)


async def _stat(connection: Connection, path: str) -> _Stored:
    async with connection.stream(path, {**_AS_STORED, "Range": "bytes=0-0"}) as response:
        if response.status_code == httpx.codes.PARTIAL_CONTENT:
            await response.aread()  # one byte, and the connection serves the next request
        return _stored(response)


async def _complete(connection: Connection, path: str, stored: _Stored, part: Path) -> None:
    """Append to a part what it lacks."""
    has = part.stat().st_size
    if has == stored.bytes:
        return
    asked = {**_AS_STORED, "Range": f"bytes={has}-", "If-Range": stored.etag}
    async with connection.stream(path, asked) as response:
        if _stored(response) != stored:
            raise ServerUnavailable("The object was made again while it was downloaded.")
        with part.open("r+b") as file:
            file.truncate(file.seek(_offset(response)))
            async for piece in response.aiter_raw():
                await asyncio.to_thread(file.write, piece)
    if part.stat().st_size != stored.bytes:
        raise ServerUnavailable("The object's bytes ended before it was complete.")


def _stored(response: httpx.Response) -> _Stored:
    found = _RANGE.fullmatch(response.headers.get("content-range", ""))
    size = found[2] if found else response.headers.get("content-length", "")
    etag = response.headers.get("etag", "")
    if not etag or not size.isdecimal() or response.headers.get("content-encoding", "identity") != "identity":
        raise ServerBadAnswer("The object's store tells no size and ETag of it.")
    return _Stored(etag, int(size))


def _offset(response: httpx.Response) -> int:
    """Return where in the object a response begins."""
    found = _RANGE.fullmatch(response.headers.get("content-range", ""))
    return int(found[1]) if found and response.status_code == httpx.codes.PARTIAL_CONTENT else 0


@contextmanager
def _file_errors(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFull(f"There is no space for {target}: free some, and give the same command again.") from error
        raise InvalidRequest(f"Nothing can be written to {target}: {error.strerror}") from error
