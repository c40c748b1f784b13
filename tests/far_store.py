"""A store whose objects are elsewhere, as a bucket's are, for tests of what is loaded from it and what is not."""

from __future__ import annotations

import asyncio
from pathlib import Path

from moments_ray.storage.directory import DirectoryStore
from moments_ray.storage.object_store import StoredObject
from moments_ray.storage.signing import UrlSigner

SIGNER = UrlSigner(b"k" * 32, "http://127.0.0.1:7005")


class FarStore(DirectoryStore):
    """A directory store whose files are told to be elsewhere, and whose downloads take a while and are counted."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, SIGNER)
        self.downloads = 0

    async def in_place(self, name: str) -> Path | None:  # noqa: ARG002 - the parameter is the contract's
        return None

    async def get_file(self, name: str, path: Path) -> StoredObject:
        self.downloads += 1
        await asyncio.sleep(0.2)
        return await super().get_file(name, path)
