"""Object names that say what they hold: a stage done twice writes the same object, not a second one."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

from moments_ray.engine import Context
from moments_ray.storage.object_store import CHUNK_BYTES, Checksum, StoredObject


async def put_by_content(ctx: Context, stem: str, path: Path, *, content_type: str) -> StoredObject:
    """Store a file as ``{stem}-{content}{suffix}``; the stem is the whole name before the dash."""
    mark = content_mark(await asyncio.to_thread(_checksum, path))
    name = f"{stem}-{mark}{path.suffix}"
    return await ctx.store.put_file(name, path, content_type=content_type)


def _checksum(path: Path) -> str:
    checksum = Checksum()
    with path.open("rb") as file:
        while data := file.read(CHUNK_BYTES):
            checksum.update(data)
    return str(checksum)


def content_mark(checksum: str) -> str:
    """Return a checksum (CRC32C in base64) as 8 hex digits, fit for an object's name."""
    return base64.b64decode(checksum).hex()


def video_folder(video: str) -> str:
    """Return where the objects of a video live, by its identifier; whoever works on it shares them."""
    return f"videos/{video}"
