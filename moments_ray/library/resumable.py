"""Uploads in parts: each part is stored as it comes, and with the last one the whole becomes a video.

Whatever breaks off costs the part that was under way: the row says how much is here, and any replica goes on from it.
The last part is written down only together with the video: whoever asks before that must send it again.
"""

from __future__ import annotations

import hashlib
import secrets
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from moments_ray.database.tables import Run, Upload, Video
from moments_ray.engine.environment import Environment
from moments_ray.errors import DownloadTooLarge, InputError, InvalidRequest, UploadCorrupted, UploadOffset
from moments_ray.library.queries.uploads import Uploads
from moments_ray.library.service import Address, Started
from moments_ray.library.upload import receive, store_upload
from moments_ray.storage.blocking import in_thread

log = structlog.get_logger()

PART_BYTES = 8 * 1024**2  # a request holds so much in Serve's proxy and in the API's process
_EXPIRED_AT_ONCE = 20


@dataclass(frozen=True)
class Standing:
    """An upload as it stands; the video and the run that it came to once it is whole."""

    upload: Upload
    video: Video | None = None
    run: Run | None = None


# Makes an upload the video of its canonical source, and starts what was asked of it.
AddUploaded = Callable[[Upload, Address], Awaitable[Started]]


class ResumableUploads:
    """Takes uploads in parts."""

    def __init__(self, environment: Environment, add: AddUploaded) -> None:
        self._environment = environment
        self._database = environment.database
        self._store = environment.store
        self._add = add

    async def begin(
        self, size: int, *, title: str | None, process: bool, options: dict[str, Any], key: str | None
    ) -> Upload:
        """Expect a file of so many bytes; the rest is kept for who adds the video.

        Raises:
            InvalidRequest: it is empty.
            DownloadTooLarge: it is more than is allowed.
        """
        most = self._environment.settings.download.max_bytes
        if size > most:
            raise DownloadTooLarge(f"An upload may have {most:,} bytes.")
        if not size:
            raise InvalidRequest("The file is empty.")
        async with self._database.begin() as session:
            return await Uploads(session).create(
                bytes=size, title=title, process=process, options=options, idempotency_key=key
            )

    async def standing(self, identifier: str) -> Standing:
        """Return how an upload stands.

        Raises:
            NotFound: there is no such upload, or it has expired.
        """
        async with self._database.read() as session:
            uploads = Uploads(session)
            upload = await uploads.get(identifier)
            return Standing(upload, *(await uploads.outcome(upload)))

    async def append(
        self, identifier: str, start: int, pieces: AsyncIterator[bytes], checksum: tuple[str, bytes] | None
    ) -> Upload | Started:
        """Take the bytes that follow ``start``; return how the upload stands, or with its last byte what it came to.

        ``checksum`` is the name of an algorithm that ``hashlib`` has, and what these bytes come to by it.

        Raises:
            NotFound: there is no such upload, or it has expired.
            UploadOffset: that is not where it goes on.
            UploadCorrupted: the part is not what was sent.
            InputError: the whole is no video that can be taken; the upload is gone.
        """
        async with self._database.read() as session:
            upload = await Uploads(session).get(identifier)
        if start != upload.received:
            raise _elsewhere(upload)
        if start == upload.bytes:
            return upload
        with tempfile.TemporaryDirectory(prefix="moments-upload-") as directory:
            part = await _received(pieces, Path(directory) / "part", min(PART_BYTES, upload.bytes - start), checksum)
            end = start + part.stat().st_size
            if end < upload.bytes:
                return await self._store_part(upload, start, end, part)
            return await self._finish(upload, start, part)

    async def remove(self, identifier: str) -> None:
        """Forget an upload and its bytes; the video that it came to stays.

        Raises:
            NotFound: there is no such upload, or it has expired.
        """
        async with self._database.read() as session:
            await Uploads(session).get(identifier)
        await _remove(self._environment, identifier)

    async def _store_part(self, upload: Upload, start: int, end: int, part: Path) -> Upload:
        if end > start:
            name = f"{_folder(upload.identifier)}{start:015d}-{secrets.token_hex(4)}"
            await self._store.put_file(name, part, content_type="application/octet-stream")
            async with self._database.begin() as session:
                taken = await Uploads(session).add_part(upload, start, end, name)
            if not taken:  # two requests sent the same part, and the other one was first
                await self._store.delete(name)
                raise _elsewhere((await self.standing(upload.identifier)).upload)
        return (await self.standing(upload.identifier)).upload

    async def _finish(self, upload: Upload, start: int, last: Path) -> Started:
        try:
            started = await self._video_of(upload, last)
        except InputError:
            await _remove(self._environment, upload.identifier)
            raise
        async with self._database.begin() as session:
            run_key = started.run.id if started.run is not None else None
            await Uploads(session).finish(upload, start, started.video.id, run_key)
        await self._store.delete_prefix(_folder(upload.identifier))
        return started

    async def _video_of(self, upload: Upload, last: Path) -> Started:
        async with self._database.read() as session:
            parts = await Uploads(session).parts(upload)

        async def pieces() -> AsyncGenerator[bytes]:
            for name in parts:
                async for piece in self._store.open_range(name):
                    yield piece
            with last.open("rb") as file:
                while piece := await in_thread(file.read, 1024**2):
                    yield piece

        whole = last.with_name("whole")
        async with aclosing(pieces()) as joined:
            received = await receive(joined, whole, upload.bytes)
        return await self._add(upload, await store_upload(received, self._environment, upload.title))


async def remove_expired_uploads(environment: Environment) -> None:
    """Remove uploads that nobody went on with, and what is left of them in the store."""
    async with environment.database.read() as session:
        expired = await Uploads(session).expired(_EXPIRED_AT_ONCE)
    for identifier in expired:
        await _remove(environment, identifier)
    if expired:
        log.info("uploads.expired", uploads=len(expired))


async def _remove(environment: Environment, identifier: str) -> None:
    await environment.store.delete_prefix(_folder(identifier))  # first: without the row nobody would know of them
    async with environment.database.begin() as session:
        await Uploads(session).delete(identifier)


async def _received(pieces: AsyncIterator[bytes], path: Path, most: int, checksum: tuple[str, bytes] | None) -> Path:
    """Write a part to a file; raises as ``append``."""
    digest = hashlib.new(checksum[0], usedforsecurity=False) if checksum is not None else None

    async def seen() -> AsyncGenerator[bytes]:
        async for piece in pieces:
            if digest is not None:
                digest.update(piece)
            yield piece

    async with aclosing(seen()) as watched:
        await receive(watched, path, most)
    if digest is not None and checksum is not None and digest.digest() != checksum[1]:
        raise UploadCorrupted
    return path


def _folder(identifier: str) -> str:
    return f"uploads/{identifier}/"


def _elsewhere(upload: Upload) -> UploadOffset:
    return UploadOffset(
        f"The upload goes on at byte {upload.received:,} of {upload.bytes:,}: send what follows.",
        {"offset": upload.received},
    )
