"""Uploads of whole objects to Google Cloud Storage: announced by checksum, begun again where a session is lost."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from functools import partial

from google.cloud import storage

from moments_ray.errors import ObjectCorrupted, ObjectExists, ObjectMissing, StorageError
from moments_ray.process.metrics import BYTES_MOVED, Meter
from moments_ray.storage.gcs_client import CALL_ERRORS, BucketClient
from moments_ray.storage.gcs_media import ChecksumRefusedError, MediaTransport, SessionLostError
from moments_ray.storage.object_store import CHUNK_BYTES, Checksum, StoredObject

TRIES = 3  # of a whole object whose session was lost or whose bytes went wrong on the way
_MARK = "moments-upload"

Reader = Callable[[int, int], Awaitable[bytes]]


class Uploads:
    """Uploads to one bucket."""

    def __init__(self, calls: BucketClient, media: MediaTransport, meter: Meter) -> None:
        self._calls = calls
        self._media = media
        self._meter = meter

    async def put(self, name: str, read: Reader, size: int, content_type: str, if_absent: bool) -> StoredObject:
        """Store what ``read(start, length)`` gives as an object; see ``ObjectStore.put_file``."""
        blob = self._calls.bucket.blob(name)
        blob.content_type = content_type
        blob.crc32c = await _checksum(read, size)  # announced: the service refuses other bytes, nothing appears
        mark = secrets.token_hex(16)
        blob.metadata = {_MARK: mark}
        failure: Exception | None = None
        for _ in range(TRIES):
            try:
                await self._upload(blob, read, size, if_absent)
            except (SessionLostError, ChecksumRefusedError) as error:
                failure = error
                continue
            except ObjectExists:
                # Also said to an upload that arrived while the answer to it was lost: the mark tells whose it is.
                found = await self._calls.look_up(name)
                if (found.metadata or {}).get(_MARK) != mark:
                    raise
            self._meter(BYTES_MOVED, size, direction="stored")
            return StoredObject(
                name=name, uri=self._calls.uri(name), bytes=size, checksum=blob.crc32c, content_type=content_type
            )
        if isinstance(failure, SessionLostError):
            raise StorageError(
                f"Google Cloud Storage lost {TRIES} uploads of {self._calls.uri(name)}; try later."
            ) from failure
        raise corrupted(self._calls.uri(name)) from failure

    async def _upload(self, blob: storage.Blob, read: Reader, size: int, if_absent: bool) -> None:
        begin = partial(
            blob.create_resumable_upload_session,
            content_type=blob.content_type,
            size=size,
            if_generation_match=0 if if_absent else None,
            checksum=None,
            timeout=self._calls.timeout,
            retry=None,
        )
        try:
            session = await self._calls.call(blob.name, begin)
        except ObjectMissing as error:
            raise self._calls.no_bucket() from error
        try:
            await self._media.upload(session, read, size)
        except CALL_ERRORS as error:
            raise self._calls.translated(error, blob.name) from error


async def _checksum(read: Reader, size: int) -> str:
    """Return the checksum of what will be uploaded."""
    checksum = Checksum()
    for start in range(0, size, CHUNK_BYTES):
        checksum.update(await read(start, min(CHUNK_BYTES, size - start)))
    return str(checksum)


def corrupted(uri: str) -> ObjectCorrupted:
    """Return the error of an object whose bytes went wrong on the way each time."""
    return ObjectCorrupted(
        f"The bytes of {uri} do not match their checksum, {TRIES} times over: the network or a proxy changes them.",
        {"uri": uri},
    )
