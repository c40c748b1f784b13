"""An object store in a directory of this machine."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import AsyncIterator
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

from moments_ray.errors import InvalidRequest, ObjectCorrupted, ObjectMissing
from moments_ray.process.metrics import BYTES_MOVED, Meter, unmetered
from moments_ray.storage.blocking import file_errors, in_thread, require_free_space
from moments_ray.storage.object_files import ObjectFiles, Record
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
from moments_ray.storage.signing import UrlSigner

_SCHEME = "file-store"
_LIST_BATCH = 256


class DirectoryStore:
    """Objects as files under ``root``; several processes may use it at once.

    Unlike in a bucket, a name cannot be an object's and a folder's at once: that is ``ObjectExists``.
    """

    def __init__(self, root: Path, signer: UrlSigner, meter: Meter = unmetered) -> None:
        self._root = root
        self._meter = meter
        self._files = ObjectFiles(root)
        self._signer = signer
        with file_errors(root):
            self._files.prepare()

    def uri(self, name: str) -> str:
        """Return ``file-store:///NAME``."""
        return f"{_SCHEME}:///{checked_name(name)}"

    def name_of(self, uri: str) -> str:
        """Return the name in a ``file-store:///NAME``.

        Raises:
            InvalidRequest: it is not one.
        """
        parts = urlsplit(uri)
        if parts.scheme != _SCHEME or parts.netloc or parts.query or parts.fragment:
            raise InvalidRequest(f"{uri[:100]!r} is not a URI of this machine's object store ({_SCHEME}:///NAME).")
        return checked_name(parts.path.removeprefix("/"))

    async def put_file(self, name: str, path: Path, *, content_type: str, if_absent: bool = False) -> StoredObject:
        """Copy a file into the store; see ``ObjectStore``."""
        with file_errors(path):
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return await self._put(
                name, _pieces(descriptor, 0, None), os.fstat(descriptor).st_size, content_type, if_absent
            )
        finally:
            os.close(descriptor)

    async def put_bytes(self, name: str, data: bytes, *, content_type: str, if_absent: bool = False) -> StoredObject:
        """Store bytes; see ``ObjectStore``."""
        return await self._put(name, _piece(data), len(data), content_type, if_absent)

    async def get_file(self, name: str, path: Path) -> StoredObject:
        """Copy an object out of the store; see ``ObjectStore``."""
        unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
        async with self._opened(name) as (record, descriptor):
            try:
                with file_errors(path.parent, record.bytes):
                    require_free_space(path.parent, record.bytes)
                    with unfinished.open("xb") as file:
                        async for piece in _verified(_pieces(descriptor, 0, None), record):
                            await in_thread(file.write, piece)
                    unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)
        self._meter(BYTES_MOVED, record.bytes, direction="loaded")
        return self._stored(record)

    async def read_range(self, name: str, start: int, length: int) -> bytes:
        """Return bytes of an object; see ``ObjectStore``."""
        checked_range(start, length)
        async with self._opened(name) as (_, descriptor):
            with file_errors(self._root):
                return await in_thread(_read_fully, descriptor, length, start)

    async def open_range(self, name: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """Stream bytes of an object; see ``ObjectStore``."""
        checked_range(start, length)
        async with self._opened(name) as (record, descriptor):
            pieces = _pieces(descriptor, start, length)
            whole = start == 0 and (length is None or length >= record.bytes)
            async for piece in _verified(pieces, record) if whole else pieces:
                yield piece

    async def stat(self, name: str) -> StoredObject:
        """Return an object's record; see ``ObjectStore``."""
        with file_errors(self._root):
            return self._stored(await in_thread(self._files.record, checked_name(name)))

    async def exists(self, name: str) -> bool:
        """Tell whether there is such an object."""
        try:
            await self.stat(name)
        except ObjectMissing:
            return False
        return True

    async def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        """Iterate over objects by name; see ``ObjectStore``. What is deleted meanwhile may be left out."""
        names = self._files.names(checked_prefix(prefix))
        while batch := await in_thread(lambda: [*islice(names, _LIST_BATCH)]):
            for name in batch:  # the records are read one by one, when the caller comes to them
                with contextlib.suppress(ObjectMissing):
                    yield await self.stat(name)

    async def delete(self, name: str) -> None:
        """Remove an object, if there is one."""
        with file_errors(self._root):
            await in_thread(self._files.delete, checked_name(name))

    async def delete_prefix(self, prefix: str) -> int:
        """Remove the objects of a folder; see ``ObjectStore``."""
        names = await in_thread(lambda: [*self._files.names(checked_folder(prefix))])
        for name in names:
            await self.delete(name)
        return len(names)

    async def promote(self, source: str, target: str) -> StoredObject:
        """Rename an object; see ``ObjectStore``."""
        with file_errors(self._root):
            return self._stored(await in_thread(self._files.promote, checked_name(source), checked_name(target)))

    async def signed_url(self, name: str, seconds: int, *, filename: str | None = None) -> SignedUrl:
        """Return a URL that the API serves; see ``ObjectStore``."""
        return self._signer.sign(checked_name(name), seconds, filename)

    async def in_place(self, name: str) -> Path | None:
        """Return the object's own file; see ``ObjectStore``."""
        with file_errors(self._root):
            return await in_thread(self._files.path, checked_name(name))

    async def close(self) -> None:
        """Do nothing: no connection is kept."""

    async def _put(
        self, name: str, pieces: AsyncIterator[bytes], size: int, content_type: str, if_absent: bool
    ) -> StoredObject:
        checked_name(name)
        checksum, written = Checksum(), 0
        with file_errors(self._root, size):
            require_free_space(self._root, size)
            with contextlib.ExitStack() as stack:
                path, descriptor = await in_thread(stack.enter_context, self._files.staged())
                async for piece in pieces:
                    await in_thread(_write_fully, descriptor, piece)
                    checksum.update(piece)
                    written += len(piece)
                await in_thread(os.fsync, descriptor)
                record = Record(
                    name=name,
                    bytes=written,
                    checksum=str(checksum),
                    content_type=content_type,
                    moved_from=str(path.relative_to(self._root)),
                )
                await in_thread(self._files.publish, record, if_absent=if_absent)
        self._meter(BYTES_MOVED, written, direction="stored")
        return self._stored(record)

    @contextlib.asynccontextmanager
    async def _opened(self, name: str) -> AsyncIterator[tuple[Record, int]]:
        with contextlib.ExitStack() as stack:

            def open_until_exit() -> tuple[Record, int]:
                record, descriptor = self._files.open(checked_name(name))
                stack.callback(os.close, descriptor)  # in the thread: a cancelled caller never sees the descriptor
                return record, descriptor

            with file_errors(self._root):
                opened = await in_thread(open_until_exit)
            yield opened

    def _stored(self, record: Record) -> StoredObject:
        return StoredObject(
            name=record.name,
            uri=self.uri(record.name),
            bytes=record.bytes,
            checksum=record.checksum,
            content_type=record.content_type,
        )


async def _piece(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _pieces(descriptor: int, start: int, length: int | None) -> AsyncIterator[bytes]:
    """Read a file in pieces, from ``start`` to the end or for ``length`` bytes."""
    left = length
    while left is None or left > 0:
        piece = await in_thread(os.pread, descriptor, CHUNK_BYTES if left is None else min(CHUNK_BYTES, left), start)
        if not piece:
            return
        yield piece
        start += len(piece)
        left = None if left is None else left - len(piece)


async def _verified(pieces: AsyncIterator[bytes], record: Record) -> AsyncIterator[bytes]:
    """Pass a whole object's pieces on, and fail after the last one if they were not the object's."""
    checksum, size = Checksum(), 0
    async for piece in pieces:
        checksum.update(piece)
        size += len(piece)
        yield piece
    if (str(checksum), size) != (record.checksum, record.bytes):
        raise ObjectCorrupted(
            f"The bytes of {record.name!r} do not match their checksum: the disk or somebody changed them; "
            "delete the object and run the step that made it again.",
            {"name": record.name},
        )


def _read_fully(descriptor: int, length: int, start: int) -> bytes:
    pieces = []
    while length > 0 and (piece := os.pread(descriptor, min(length, CHUNK_BYTES), start)):
        pieces.append(piece)
        start += len(piece)
        length -= len(piece)
    return b"".join(pieces)


def _write_fully(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
