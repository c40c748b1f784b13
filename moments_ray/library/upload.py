"""Videos that come with the request: looked at, then stored under the name of their content."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from moments_ray.engine.environment import Environment
from moments_ray.errors import DownloadTooLarge
from moments_ray.library.objects import video_folder
from moments_ray.library.queries.videos import get_or_create_video
from moments_ray.library.service import Address
from moments_ray.library.stages.download import kind_and_suffix
from moments_ray.media.probe import probe
from moments_ray.settings import DownloadSettings
from moments_ray.storage.blocking import file_errors, in_thread
from moments_ray.storage.object_store import CHUNK_BYTES

FORM_BYTES = 64 * 1024**2  # Serve's proxy and this process hold a body whole where it comes faster than it is read
_AROUND_A_FILE = 64 * 1024  # the other fields of a form, and what parts it


@dataclass(frozen=True)
class UploadedFile:
    """A file that has arrived whole, with the SHA-256 of its bytes."""

    path: Path
    sha256: str

    @property
    def canonical(self) -> str:
        """What makes two uploads of the same bytes the same video."""
        return f"sha256:{self.sha256}"


def form_bytes(settings: DownloadSettings) -> int:
    """Return how large a form with a file may be; larger files come in parts."""
    return min(settings.max_bytes, FORM_BYTES) + _AROUND_A_FILE


class Readable(Protocol):
    """A file of a form."""

    async def read(self, size: int, /) -> bytes:
        """Return the next bytes; none at the end."""


async def upload_pieces(file: Readable) -> AsyncIterator[bytes]:
    """Yield what is in a file of a form."""
    while piece := await file.read(CHUNK_BYTES):
        yield piece


async def receive(pieces: AsyncIterator[bytes], path: Path, max_bytes: int) -> UploadedFile:
    """Write what arrives to a file.

    Raises:
        DownloadTooLarge: it is more than ``max_bytes``.
        DiskFull: there is no space.
    """
    digest, received = hashlib.sha256(), 0
    with file_errors(path.parent), path.open("xb") as file:
        async for piece in pieces:
            received += len(piece)
            if received > max_bytes:
                raise DownloadTooLarge(f"An upload may have {max_bytes:,} bytes.")
            await in_thread(file.write, piece)
            digest.update(piece)
    return UploadedFile(path, digest.hexdigest())


async def store_upload(received: UploadedFile, environment: Environment, title: str | None) -> Address:
    """Store a received video as its source, and return where it is now.

    Raises:
        UnsupportedMedia: it is no video.
        MediaTruncated: it ends before its own index says.
        MediaLimitsExceeded: it is over the limits.
    """
    info = await probe(received.path, environment.settings.media)
    kind, suffix = kind_and_suffix(info)
    video, _ = await get_or_create_video(environment.database.row, received.canonical, title=title)
    name = f"{video_folder(video.identifier)}/source-{received.sha256[:16]}{suffix}"
    if not await environment.store.exists(name):
        await environment.store.put_file(name, received.path, content_type=kind)
    return Address(received.canonical, stored=name)
