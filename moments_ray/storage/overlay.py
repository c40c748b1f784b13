"""A store that is only read, under a directory that takes what is written."""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from moments_ray.errors import ObjectExists
from moments_ray.storage.directory import DirectoryStore
from moments_ray.storage.object_store import ObjectStore, SignedUrl, StoredObject


class OverlayStore:
    """An ``ObjectStore`` whose objects are those of ``written``, then those of ``base``, which is left as it is.

    Objects keep the URIs of ``base``. What is deleted is deleted of ``written`` alone.
    """

    def __init__(self, base: ObjectStore, written: DirectoryStore) -> None:
        self._base = base
        self.written = written

    def uri(self, name: str) -> str:
        """Return the URI the object has in ``base``."""
        return self._base.uri(name)

    def name_of(self, uri: str) -> str:
        """Return the name in a URI of ``base``; see ``ObjectStore``."""
        return self._base.name_of(uri)

    async def put_file(self, name: str, path: Path, *, content_type: str, if_absent: bool = False) -> StoredObject:
        """Copy a file into ``written``; see ``ObjectStore``."""
        await self._require_absent(name, if_absent)
        return self._own(await self.written.put_file(name, path, content_type=content_type, if_absent=if_absent))

    async def put_bytes(self, name: str, data: bytes, *, content_type: str, if_absent: bool = False) -> StoredObject:
        """Write bytes into ``written``; see ``ObjectStore``."""
        await self._require_absent(name, if_absent)
        return self._own(await self.written.put_bytes(name, data, content_type=content_type, if_absent=if_absent))

    async def get_file(self, name: str, path: Path) -> StoredObject:
        """Copy an object to a file; see ``ObjectStore``."""
        return self._own(await (await self._holder(name)).get_file(name, path))

    async def read_range(self, name: str, start: int, length: int) -> bytes:
        """Return bytes of an object; see ``ObjectStore``."""
        return await (await self._holder(name)).read_range(name, start, length)

    async def open_range(self, name: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """Stream bytes of an object; see ``ObjectStore``."""
        async for piece in (await self._holder(name)).open_range(name, start, length):
            yield piece

    async def stat(self, name: str) -> StoredObject:
        """Return what is known of an object; see ``ObjectStore``."""
        return self._own(await (await self._holder(name)).stat(name))

    async def exists(self, name: str) -> bool:
        """Tell whether there is such an object in either."""
        return await (await self._holder(name)).exists(name)

    async def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        """Iterate over the objects of both by name; see ``ObjectStore``."""
        last = None
        own = [one async for one in self.written.list(prefix)]
        below = [one async for one in self._base.list(prefix)]
        for one in heapq.merge(own, below, key=lambda found: found.name):  # of two of a name, the written one is first
            if one.name != last:
                last = one.name
                yield self._own(one)

    async def delete(self, name: str) -> None:
        """Remove an object of ``written``, if there is one."""
        await self.written.delete(name)

    async def delete_prefix(self, prefix: str) -> int:
        """Remove the objects of a folder of ``written``; see ``ObjectStore``."""
        return await self.written.delete_prefix(prefix)

    async def promote(self, source: str, target: str) -> StoredObject:
        """Give an object its final name in ``written``; see ``ObjectStore``."""
        if await self.written.exists(source):
            return self._own(await self.written.promote(source, target))
        if await self.exists(target):
            return await self.stat(target)
        found = await self._base.stat(source)
        with tempfile.TemporaryDirectory(prefix="moments-promote-") as directory:
            path = Path(directory) / "object"
            await self._base.get_file(source, path)
            return await self.put_file(target, path, content_type=found.content_type)

    async def signed_url(self, name: str, seconds: int, *, filename: str | None = None) -> SignedUrl:
        """Return a URL of ``base`` for an object; nothing serves those of ``written``."""
        return await self._base.signed_url(name, seconds, filename=filename)

    async def in_place(self, name: str) -> Path | None:
        """Return the object's own file where there is one; see ``ObjectStore``."""
        return await (await self._holder(name)).in_place(name)

    async def close(self) -> None:
        """Give back the connections of ``base``."""
        await self._base.close()

    async def _holder(self, name: str) -> ObjectStore:
        return self.written if await self.written.exists(name) else self._base

    async def _require_absent(self, name: str, if_absent: bool) -> None:
        if if_absent and await self._base.exists(name):
            raise ObjectExists(f"There is an object {name!r} already.", {"name": name})

    def _own(self, found: StoredObject) -> StoredObject:
        return found.model_copy(update={"uri": self.uri(found.name)})
