"""Several objects as one ZIP, made while it is sent: nothing is compressed, and no more than a piece is held."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from moments_ray.storage.object_store import ObjectStore


@dataclass(frozen=True)
class ZipEntry:
    """A file of the ZIP, and the object that holds its bytes."""

    filename: str
    object_name: str


class _Outbox(io.RawIOBase):
    """Takes what the writer of the ZIP writes, until it is sent."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        """Tell that it can be written."""
        return True

    def write(self, piece: object, /) -> int:
        """Take a piece."""
        taken = bytes(piece)  # type: ignore[call-overload]  # whatever has bytes
        self._pieces.append(taken)
        return len(taken)

    def take(self) -> bytes:
        """Return what was written since this was asked last."""
        whole = b"".join(self._pieces)
        self._pieces.clear()
        return whole


async def zip_pieces(store: ObjectStore, entries: Sequence[ZipEntry]) -> AsyncIterator[bytes]:
    """Yield a ZIP of objects as it is written; names that occur twice are told apart."""
    outbox = _Outbox()
    with zipfile.ZipFile(outbox, "w", zipfile.ZIP_STORED) as archive:
        for entry in distinct(entries):
            info = zipfile.ZipInfo(entry.filename)
            info.external_attr = 0o644 << 16
            with archive.open(info, "w", force_zip64=True) as file:
                async for piece in store.open_range(entry.object_name):
                    file.write(piece)
                    yield outbox.take()
    yield outbox.take()


def distinct(entries: Sequence[ZipEntry]) -> list[ZipEntry]:
    """Return the entries under names of which none is another's, in any case of letters."""
    seen: set[str] = set()
    found = []
    for entry in entries:
        stem, dot, suffix = entry.filename.rpartition(".")
        name, number = entry.filename, 2
        while name.casefold() in seen:
            name, number = f"{stem} ({number}){dot}{suffix}", number + 1
        seen.add(name.casefold())
        found.append(ZipEntry(name, entry.object_name))
    return found
