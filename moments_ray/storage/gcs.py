"""An object store in a bucket of Google Cloud Storage."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlsplit

from google.auth.credentials import Credentials
from google.cloud import storage

from moments_ray.errors import InvalidRequest, ObjectCorrupted, ObjectMissing, StorageError
from moments_ray.process.metrics import BYTES_MOVED, Meter, unmetered
from moments_ray.storage.blocking import file_errors, in_thread, require_free_space
from moments_ray.storage.gcs_client import CALL_ERRORS, BucketClient
from moments_ray.storage.gcs_media import MediaTransport, RetryLimits
from moments_ray.storage.gcs_upload import TRIES, Uploads, corrupted
from moments_ray.storage.object_store import (
    CHUNK_BYTES,
    Checksum,
    SignedUrl,
    StoredObject,
    checked_folder,
    checked_name,
    checked_prefix,
    checked_range,
)

_LONGEST_SIGNATURE_SECONDS = 7 * 24 * 3600
_DELETES_AT_ONCE = 16


class GoogleStore:
    """Objects in one bucket."""

    def __init__(
        self,
        client: storage.Client,
        credentials: Credentials,
        bucket_name: str,
        limits: RetryLimits | None = None,
        *,
        meter: Meter = unmetered,
    ) -> None:
        self._meter = meter
        self._limits = limits or RetryLimits()
        self._calls = BucketClient(client, credentials, bucket_name, self._limits)
        self._media = MediaTransport(self._calls.headers, self._limits)
        self._bucket_name = bucket_name
        self._uploads = Uploads(self._calls, self._media, meter)

    def uri(self, name: str) -> str:
        """Return ``gs://BUCKET/NAME``."""
        return self._calls.uri(checked_name(name))

    def name_of(self, uri: str) -> str:
        """Return the name in a ``gs://BUCKET/NAME`` of this bucket.

        Raises:
            InvalidRequest: it is not one.
        """
        parts = urlsplit(uri)
        if parts.scheme != "gs" or parts.netloc != self._bucket_name or parts.query or parts.fragment:
            raise InvalidRequest(f"{uri[:100]!r} is not a URI of this object store (gs://{self._bucket_name}/NAME).")
        return checked_name(parts.path.removeprefix("/"))

    async def put_file(self, name: str, path: Path, *, content_type: str, if_absent: bool = False) -> StoredObject:
        """Upload a file; see ``ObjectStore``."""
        with file_errors(path):
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

        async def read(start: int, length: int) -> bytes:
            return await in_thread(os.pread, descriptor, length, start)

        try:
            with file_errors(path):
                return await self._uploads.put(
                    checked_name(name), read, os.fstat(descriptor).st_size, content_type, if_absent
                )
        finally:
            os.close(descriptor)

    async def put_bytes(self, name: str, data: bytes, *, content_type: str, if_absent: bool = False) -> StoredObject:
        """Upload bytes; see ``ObjectStore``."""

        async def read(start: int, length: int) -> bytes:
            return data[start : start + length]

        return await self._uploads.put(checked_name(name), read, len(data), content_type, if_absent)

    async def get_file(self, name: str, path: Path) -> StoredObject:
        """Download an object; see ``ObjectStore``."""
        blob = await self._calls.look_up(checked_name(name))
        unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
        with file_errors(path.parent, blob.size):
            require_free_space(path.parent, blob.size)
            try:
                await self._download(blob, unfinished)
                unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)
        return self._stored(blob)

    async def read_range(self, name: str, start: int, length: int) -> bytes:
        """Return bytes of an object; see ``ObjectStore``."""
        checked_range(start, length)
        if length == 0:
            await self.stat(name)
            return b""
        return await self._read(checked_name(name), self._calls.media_url(name, None), start, length)

    async def open_range(self, name: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """Stream bytes of an object; see ``ObjectStore``."""
        checked_range(start, length)
        blob = await self._calls.look_up(checked_name(name))
        whole = start == 0 and (length is None or length >= blob.size)
        end = blob.size if length is None else min(blob.size, start + length)
        async for piece in self._verified(blob) if whole else self._pieces(blob, start, end):
            for begin in range(0, len(piece), CHUNK_BYTES):
                yield piece[begin : begin + CHUNK_BYTES]

    async def stat(self, name: str) -> StoredObject:
        """Return an object's description; see ``ObjectStore``."""
        return self._stored(await self._calls.look_up(checked_name(name)))

    async def exists(self, name: str) -> bool:
        """Tell whether there is such an object."""
        try:
            await self._calls.look_up(checked_name(name))
        except ObjectMissing:
            return False
        return True

    async def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        """Iterate over objects by name; see ``ObjectStore``."""
        checked_prefix(prefix)
        token: str | None = None
        while True:
            try:
                blobs, token = await self._calls.call(prefix, partial(self._calls.page, prefix, token))
            except ObjectMissing as error:
                raise self._calls.no_bucket() from error
            for blob in blobs:
                yield self._stored(blob)
            if token is None:
                return

    async def delete(self, name: str) -> None:
        """Delete an object, if there is one."""
        blob = self._calls.bucket.blob(checked_name(name))
        with contextlib.suppress(ObjectMissing):
            await self._calls.call(name, partial(blob.delete, timeout=self._calls.timeout, retry=None))

    async def delete_prefix(self, prefix: str) -> int:
        """Delete the objects of a folder; see ``ObjectStore``."""
        names = [found.name async for found in self.list(checked_folder(prefix))]
        for begin in range(0, len(names), _DELETES_AT_ONCE):
            await asyncio.gather(*(self.delete(name) for name in names[begin : begin + _DELETES_AT_ONCE]))
        return len(names)

    async def promote(self, source: str, target: str) -> StoredObject:
        """Copy an object within the bucket and delete the first; see ``ObjectStore``."""
        found, new = self._calls.bucket.blob(checked_name(source)), self._calls.bucket.blob(checked_name(target))
        token: str | None = None
        try:
            while True:
                copy = partial(new.rewrite, found, token=token, timeout=self._calls.timeout, retry=None)
                token, _, _ = await self._calls.call(source, copy)
                if token is None:  # a large object between locations takes several calls
                    break
        except ObjectMissing as error:
            with contextlib.suppress(ObjectMissing):
                return await self.stat(target)
            raise error from None
        await self.delete(source)
        return await self.stat(target)

    async def signed_url(self, name: str, seconds: int, *, filename: str | None = None) -> SignedUrl:
        """Return a V4 signed URL, good for at most seven days; see ``ObjectStore``."""
        blob = self._calls.bucket.blob(checked_name(name))
        seconds = min(seconds, _LONGEST_SIGNATURE_SECONDS)
        expires_at = datetime.now(UTC) + timedelta(seconds=seconds)
        disposition = None if filename is None else f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
        url = await self._calls.call(name, partial(self._calls.sign, blob, seconds, disposition))
        return SignedUrl(url=url, expires_at=expires_at)

    async def in_place(self, name: str) -> Path | None:
        """Return None: objects are elsewhere."""
        checked_name(name)
        return None

    async def close(self) -> None:
        """Close the running event loop's connections, and the client's idle ones; see ``ObjectStore``."""
        await self._media.close()
        await asyncio.to_thread(self._calls.client.close)

    async def _download(self, blob: storage.Blob, path: Path) -> None:
        """Write a whole object to a file, again if it did not arrive as it is in the bucket."""
        for left in reversed(range(TRIES)):
            try:
                with path.open("wb") as file:
                    async for piece in self._verified(blob):
                        await in_thread(file.write, piece)
            except ObjectCorrupted:
                if not left:
                    raise
            else:
                return

    async def _verified(self, blob: storage.Blob) -> AsyncIterator[bytes]:
        checksum = Checksum()
        async for piece in self._pieces(blob, 0, blob.size):
            checksum.update(piece)
            yield piece
        if str(checksum) != blob.crc32c:
            raise corrupted(self.uri(blob.name))

    async def _pieces(self, blob: storage.Blob, start: int, end: int) -> AsyncIterator[bytes]:
        """Read one generation of an object piece by piece, each resumed by itself."""
        while start < end:
            length = min(self._limits.piece_bytes, end - start)
            piece = await self._read(blob.name, self._calls.media_url(blob.name, blob.generation), start, length)
            if len(piece) != length:
                raise StorageError(
                    f"Google Cloud Storage gave {len(piece)} of {length} bytes of {self.uri(blob.name)}."
                )
            yield piece
            start += length

    async def _read(self, name: str, url: str, start: int, length: int) -> bytes:
        try:
            piece = await self._media.read(url, start, length)
        except CALL_ERRORS as error:
            raise self._calls.translated(error, name) from error
        self._meter(BYTES_MOVED, len(piece), direction="loaded")
        return piece

    def _stored(self, blob: storage.Blob) -> StoredObject:
        return StoredObject(
            name=blob.name,
            uri=self.uri(blob.name),
            bytes=blob.size,
            checksum=blob.crc32c,
            content_type=blob.content_type,
        )
