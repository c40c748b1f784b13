"""A file to the server in parts, by tus 1.0: where the line breaks, it goes on at what is there."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

import httpx

from moments_ray.client.connection import Connection
from moments_ray.errors import InvalidRequest, MomentsError, ServerBadAnswer, SourceNotFound, UploadOffset

Progress = Callable[[int, int], None]  # bytes that are there, and of the whole

_PLACE = re.compile(r"/api/uploads/[A-Za-z0-9_-]{1,64}")
_PART = re.compile(r"max-append-size=(\d{1,12})")
_PART_BYTES = 4 * 1024**2  # larger ones are taken, but Serve's proxy and the API hold each part whole
_TUS = {"Tus-Resumable": "1.0.0"}
_LAST_SECONDS = 600.0  # for the server to look at a large file, once it has it


def nobody(_there: int, _whole: int) -> None:
    """Be told how far an upload is, and tell nobody."""


async def upload(
    connection: Connection, path: Path, said: Mapping[str, str], key: str, progress: Progress
) -> httpx.Response:
    """Send a file and return what its last part was answered, or if that was lost how the upload stands.

    Raises:
        SourceNotFound: the file cannot be read.
        ServerUnavailable: the connection kept breaking without a part in between.
        InputError: the server does not take it.
    """
    with _opened(path) as file:
        whole = os.fstat(file.fileno()).st_size
        if not whole:
            raise InvalidRequest(f"The file {path.name!r} is empty.")
        place, part_bytes = await _begin(connection, whole, {"filename": path.name, **said}, key)
        backoff, there = connection.backoff(), 0
        progress(there, whole)
        while there < whole:
            try:
                answer = await _send(connection, place, file, there, part_bytes)
            except MomentsError as error:
                if not (error.retryable or isinstance(error, UploadOffset)):
                    raise
                await backoff.wait(error)
                there = _offset(await connection.ask("HEAD", place, headers=_TUS))
                continue
            backoff.renew()
            there = _offset(answer)
            progress(there, whole)
            if answer.status_code != httpx.codes.NO_CONTENT:
                return answer
        return await connection.ask("GET", place)


async def _begin(connection: Connection, whole: int, said: Mapping[str, str], key: str) -> tuple[str, int]:
    """Return where the parts go, and how large one may be."""
    metadata = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in said.items())
    headers = {**_TUS, "Upload-Length": str(whole), "Upload-Metadata": metadata, "Idempotency-Key": key}
    answer = await connection.ask("POST", "/api/uploads", headers=headers)
    place, limit = answer.headers.get("location", ""), _PART.search(answer.headers.get("upload-limit", ""))
    if not _PLACE.fullmatch(place):
        raise ServerBadAnswer(f"What answers at {connection.server} takes no uploads in parts.")
    return place, min(_PART_BYTES, int(limit[1])) if limit else _PART_BYTES


async def _send(connection: Connection, place: str, file: BinaryIO, start: int, most: int) -> httpx.Response:
    part = await asyncio.to_thread(_read, file, start, most)
    digest = base64.b64encode(hashlib.sha256(part).digest()).decode()
    headers = {
        **_TUS,
        "Content-Type": "application/offset+octet-stream",
        "Accept": "application/json",
        "Upload-Offset": str(start),
        "Upload-Checksum": f"sha256 {digest}",
    }
    return await connection.ask(
        "PATCH",
        place,
        lambda: nullcontext({"content": part}),
        headers=headers,
        repeatable=False,
        timeout=_LAST_SECONDS,
    )


def _read(file: BinaryIO, start: int, most: int) -> bytes:
    file.seek(start)
    part = file.read(most)
    if not part:
        raise InvalidRequest("The file became shorter while it was uploaded.")
    return part


def _offset(answer: httpx.Response) -> int:
    there = answer.headers.get("upload-offset", "")
    if not (there.isascii() and there.isdecimal()):
        raise ServerBadAnswer("The server does not tell how much of the upload it has.")
    return int(there)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        file = path.open("rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceNotFound(f"The file {path.name!r} cannot be read: {reason}") from error
    with file:
        yield file
