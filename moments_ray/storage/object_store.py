"""What every object store can do, under names that every object store accepts."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

import google_crc32c
from pydantic import BaseModel, ConfigDict, Field

from moments_ray.errors import InvalidRequest

CHUNK_BYTES = 1024**2
_LONGEST_NAME = 900
_LONGEST_SEGMENT = 200
_NAME = re.compile(r"[A-Za-z0-9/_.-]+")


class StoredObject(BaseModel):
    """One object as its store knows it; ``checksum`` is the CRC32C of its bytes, big-endian, in base64."""

    model_config = ConfigDict(frozen=True)

    name: str
    uri: str
    bytes: int = Field(ge=0)
    checksum: str
    content_type: str


class SignedUrl(BaseModel):
    """A URL that reads one object until ``expires_at``, for whoever has it: a secret."""

    model_config = ConfigDict(frozen=True)

    url: str = Field(repr=False)
    expires_at: datetime


class ObjectStore(Protocol):
    """Named, immutable-while-read sequences of bytes.

    Names are checked by ``checked_name``. Every method raises ``StorageForbidden`` where the store refuses
    access and ``StorageError``, which is retryable, where it cannot be reached.
    """

    def uri(self, name: str) -> str:
        """Return the URI under which other processes and rows know an object."""

    def name_of(self, uri: str) -> str:
        """Return the name of an object of this store.

        Raises:
            InvalidRequest: the URI is not one of this store's.
        """

    async def put_file(self, name: str, path: Path, *, content_type: str, if_absent: bool = False) -> StoredObject:
        """Store a file's bytes whole or not at all, over an earlier object unless ``if_absent``.

        Raises:
            ObjectExists: ``if_absent`` was asked and there is one.
            DiskFull: the store's disk has no space.
            ObjectCorrupted: what arrived is not what was sent.
        """

    async def put_bytes(self, name: str, data: bytes, *, content_type: str, if_absent: bool = False) -> StoredObject:
        """Store bytes; else as ``put_file``."""

    async def get_file(self, name: str, path: Path) -> StoredObject:
        """Write an object to a file, which appears whole and verified or not at all.

        Raises:
            ObjectMissing: there is no such object.
            ObjectCorrupted: its bytes do not match its checksum.
            DiskFull: the file's disk has no space.
        """

    async def read_range(self, name: str, start: int, length: int) -> bytes:
        """Return ``length`` bytes from byte ``start``; fewer, or none, where the object ends before.

        Raises:
            ObjectMissing: there is no such object.
        """

    def open_range(self, name: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """Stream bytes from ``start``, all to the end or ``length``, in pieces of at most 1 MiB.

        Raises:
            ObjectMissing: there is no such object (at the first piece).
            ObjectCorrupted: the whole object was asked and does not match its checksum (after the last piece).
        """

    async def stat(self, name: str) -> StoredObject:
        """Return what is known of an object.

        Raises:
            ObjectMissing: there is no such object.
        """

    async def exists(self, name: str) -> bool:
        """Tell whether there is such an object."""

    def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        """Iterate over the objects whose names begin with a prefix, in the order of their names."""

    async def delete(self, name: str) -> None:
        """Delete an object; none there is no error."""

    async def delete_prefix(self, prefix: str) -> int:
        """Delete the objects whose names begin with a prefix, which ends with a slash; returns how many there were."""

    async def promote(self, source: str, target: str) -> StoredObject:
        """Give a staged object its final name, without its bytes passing through here; done already is done.

        Raises:
            ObjectMissing: there is neither a source nor a target.
        """

    async def signed_url(self, name: str, seconds: int, *, filename: str | None = None) -> SignedUrl:
        """Return a URL that reads an object, by ranges too, for a time; ``filename`` is what a browser saves it as."""

    async def in_place(self, name: str) -> Path | None:
        """Return the object's file if the store keeps it as one on this machine, to be read and never written.

        Raises:
            ObjectMissing: there is no such object.
        """

    async def close(self) -> None:
        """Give back the connections of the running event loop; the store may be used again."""


def checked_name(name: str) -> str:
    """Return an object name that is safe in a path and a URL.

    Raises:
        InvalidRequest: it is not.
    """
    segments = name.split("/")
    if (
        not _NAME.fullmatch(name)
        or len(name) > _LONGEST_NAME
        or any(segment in {"", ".", ".."} or len(segment) > _LONGEST_SEGMENT for segment in segments)
    ):
        raise InvalidRequest(
            f"{name[:100]!r} is not an object name: "
            "use letters, digits, dots, dashes and underscores, parted by single slashes."
        )
    return name


def checked_prefix(prefix: str) -> str:
    """Return a prefix that whole names can begin with; the empty one is every name's.

    Raises:
        InvalidRequest: no name can begin so.
    """
    if prefix:
        checked_name(prefix.removesuffix("/"))
    return prefix


def checked_folder(prefix: str) -> str:
    """Return a prefix that ends with a slash: what is deleted under it belongs together.

    Raises:
        InvalidRequest: it does not, and could mean a neighbour's objects too.
    """
    if not prefix.endswith("/"):
        raise InvalidRequest(f"Objects are deleted by folder: end the prefix {prefix[:100]!r} with a slash.")
    return checked_prefix(prefix)


def checked_range(start: int, length: int | None) -> None:
    """Check a range of bytes.

    Raises:
        InvalidRequest: it begins before the object or has a negative length.
    """
    if start < 0 or (length is not None and length < 0):
        raise InvalidRequest(f"A range begins at 0 or later and has a length of 0 or more, not {start} and {length}.")


class Checksum:
    """A CRC32C that grows with the bytes it is shown."""

    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes) -> None:
        """Take more bytes in."""
        self._value = google_crc32c.extend(self._value, data)

    def __str__(self) -> str:
        return base64.b64encode(self._value.to_bytes(4, "big")).decode("ascii")
