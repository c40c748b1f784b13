"""The node's cache of objects: one copy for all processes of the machine, bounded, verified, never pulled away."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from moments_ray.errors import DiskFull, StorageError
from moments_ray.process.file_lock import FileLock
from moments_ray.storage.blocking import file_errors, in_thread, require_free_space
from moments_ray.storage.object_store import ObjectStore, StoredObject

_LOCK = "lock"
_RESERVED = "reserved"


@dataclass(frozen=True)
class _Entry:
    """A directory with one object in it, or on its way."""

    directory: Path
    bytes: int
    used: float


class NodeCache:
    """Objects of a remote store on this node's disk, least recently used out first.

    An entry is a directory with a lock (shared by readers, exclusive for who fills or removes it), the object's
    file, and while it is filled a sparse file of the size it will have.
    """

    def __init__(self, store: ObjectStore, directory: Path, max_bytes: int) -> None:
        self._store = store
        self._directory = directory
        self._max_bytes = max_bytes

    @contextlib.asynccontextmanager
    async def open(self, uri: str) -> AsyncIterator[Path]:
        """Give an object as a local file, to be read and never written, that stays until the block is left.

        Raises:
            ObjectMissing: there is no such object.
            ObjectCorrupted: what arrived does not match its checksum.
            DiskFull: the object is larger than the cache or the disk's free room.
            StorageError: the cache is full of objects in use; later there may be room.
        """
        name = self._store.name_of(uri)
        in_place = await self._store.in_place(name)
        if in_place is not None:
            yield in_place
            return
        found = await self._store.stat(name)
        path = self._path(found)
        with file_errors(self._directory, found.bytes):
            lock = await self._filled(path, found)
        with lock:
            yield path

    async def keep(self, stored: StoredObject, path: Path, name: str | None = None) -> None:
        """Take in what was just stored from a file here, so that nobody on this node loads it; if there is room.

        The entry is another name of the file, which nobody may write to any more. ``name`` is what the object will be
        called once it is published; unset: it is already.
        """
        if await self._store.in_place(stored.name) is not None:
            return

        async def link(_: str, target: Path) -> None:
            await in_thread(os.link, path.resolve(), target)

        published = {} if name is None else {"name": name, "uri": self._store.uri(name)}
        entry = self._path(stored.model_copy(update=published))
        with (
            contextlib.suppress(StorageError, DiskFull),
            file_errors(self._directory, stored.bytes),
            await _entry_lock(entry.parent, shared=False),
        ):
            if not _used(entry, stored.bytes):
                await self._fill(entry, stored, link)

    async def bytes_to_load(self, uri: str) -> int:
        """Return how many bytes opening an object would bring over the network: none if it is here.

        Raises:
            ObjectMissing: there is no such object.
        """
        name = self._store.name_of(uri)
        if await self._store.in_place(name) is not None:
            return 0
        found = await self._store.stat(name)
        return 0 if _used(self._path(found), found.bytes) else found.bytes

    def _path(self, stored: StoredObject) -> Path:
        """Return an object's place; named by content, one that was replaced has another. Decoders go by the suffix."""
        key = hashlib.sha256(f"{stored.uri}\n{stored.checksum}\n{stored.bytes}".encode()).hexdigest()[:40]
        return self._directory / key / f"object{PurePosixPath(stored.name).suffix}"

    async def _filled(self, path: Path, found: StoredObject) -> FileLock:
        """Return a shared lock on an entry that holds the object."""
        while True:
            lock = await _entry_lock(path.parent, shared=True)
            if _used(path, found.bytes):
                return lock
            lock.close()
            with await _entry_lock(path.parent, shared=False):
                if not _used(path, found.bytes):
                    await self._fill(path, found, self._store.get_file)

    async def _fill(self, path: Path, found: StoredObject, fetch: Callable[[str, Path], Awaitable[object]]) -> None:
        if found.bytes > self._max_bytes:
            raise DiskFull(
                f"{found.name!r} has {found.bytes:,} bytes, more than the node's whole cache of {self._max_bytes:,}: "
                "raise MOMENTS_STORAGE__CACHE_BYTES.",
                {"needed_bytes": found.bytes},
            )
        reserved = path.with_name(_RESERVED)
        _clear(path.parent)
        try:
            with FileLock(self._directory / _LOCK) as whole:
                await whole.acquire()
                await in_thread(self._evict, found.bytes, path.parent)
                require_free_space(self._directory, found.bytes)
                with reserved.open("wb") as file:
                    file.truncate(found.bytes)
            await fetch(found.name, path)
        finally:
            reserved.unlink(missing_ok=True)

    def _evict(self, needed: int, own: Path) -> None:
        """Remove entries that nobody uses, oldest first, until ``needed`` bytes more are within the bound.

        Raises:
            StorageError: all that is left is in use.
        """
        entries = sorted((entry for entry in _entries(self._directory) if entry.directory != own), key=lambda e: e.used)
        held = sum(entry.bytes for entry in entries)
        for entry in entries:
            if held + needed <= self._max_bytes:
                return
            with contextlib.suppress(FileNotFoundError), FileLock(entry.directory / _LOCK) as lock:
                if lock.try_acquire():
                    # Renamed first: under its name the next user may be making it again.
                    shutil.rmtree(entry.directory.rename(self._directory / f"removed-{secrets.token_hex(8)}"))
                    held -= entry.bytes
        if held + needed > self._max_bytes:
            raise StorageError(
                f"The node's cache of {self._max_bytes:,} bytes is full of objects in use and has no space for "
                f"{needed:,} more: wait for them, or raise MOMENTS_STORAGE__CACHE_BYTES."
            )


async def _entry_lock(directory: Path, *, shared: bool) -> FileLock:
    """Return a lock on an entry's directory, made if need be, that was not removed while we waited."""
    while True:
        lock = _lock_file(directory)
        if lock is None:
            continue
        try:
            await lock.acquire(shared=shared)
        except BaseException:
            lock.close()
            raise
        if lock.still_named():
            return lock
        lock.close()


def _lock_file(directory: Path) -> FileLock | None:
    """Return an entry's lock, or None if the entry was removed just now."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return FileLock(directory / _LOCK)
    except FileNotFoundError:
        return None


def _used(path: Path, size: int) -> bool:
    """Tell whether an entry holds its object, and note that it was used now."""
    try:
        os.utime(path)
        return path.stat().st_size == size
    except FileNotFoundError:
        return False


def _clear(directory: Path) -> None:
    """Remove what a killed process left of an entry."""
    for file in directory.iterdir():
        if file.name != _LOCK:
            file.unlink()


def _entries(directory: Path) -> list[_Entry]:
    found = []
    for entry in directory.iterdir():
        sizes, used = [0], 0.0
        with contextlib.suppress(NotADirectoryError, FileNotFoundError):
            for file in entry.iterdir():
                status = file.stat()
                sizes.append(status.st_size)
                used = max(used, status.st_mtime)
            # While an entry is filled, its reservation is as large as the file will be: the largest is its size.
            found.append(_Entry(entry, max(sizes), used))
    return found
