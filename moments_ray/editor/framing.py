"""Where to look in what is cut out of a wide picture: measured once a range, by a child, and kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, FiniteFloat

from moments_ray.ids import fingerprint
from moments_ray.media.native.faces import face_weights
from moments_ray.media.process import run_python
from moments_ray.media.source import source_options
from moments_ray.settings import MediaSettings
from moments_ray.storage.object_store import ObjectStore

VERSION = 1
"""Raised when the same pictures give another window than before."""


class Move(BaseModel):
    """From ``at`` (seconds of the source) on the window's middle goes to ``x``: at once, or within ``seconds``."""

    model_config = ConfigDict(frozen=True)

    at: FiniteFloat
    x: FiniteFloat
    seconds: FiniteFloat = 0.0


class Framing(BaseModel):
    """The middle of the window at the start, 0 to 1, where it goes, and how sure that is (0 to 1)."""

    model_config = ConfigDict(frozen=True)

    x: FiniteFloat = 0.5
    moves: tuple[Move, ...] = ()
    method: Literal["faces", "attention", "center"] = "center"
    confidence: FiniteFloat = 0.0


def framing_name(folder: str, checksum: str, part: tuple[float, float], share: float) -> str:
    """Return the name of the object that keeps the framing of a part (seconds) of a content."""
    by = {"by": "faces"} if face_weights() is not None else {}  # the same part is looked at again once they can be seen
    mark = fingerprint({"source": checksum, "part": [*part], "share": round(share, 4), "version": VERSION, **by})
    return f"{folder}/framing/{mark}.json"


async def find_framing(
    source: Path, parts: Sequence[tuple[float, float]], share: float, *, settings: MediaSettings, timeout: float
) -> list[Framing]:
    """Find where to look in parts (seconds) of a source, through a window of a share of its width.

    Raises as ``media.probe.probe``.
    """
    job = {"source": source_options(source, settings), "parts": [list(part) for part in parts], "share": share}
    found = await run_python("moments_ray.media.native.attention:frame", job, timeout=timeout, settings=settings)
    return [Framing.model_validate(each) for each in found] if isinstance(found, list) else []


async def read_framing(store: ObjectStore, name: str) -> Framing | None:
    """Return what was found before, None where nobody looked."""
    if not await store.exists(name):
        return None
    stored = await store.stat(name)
    return Framing.model_validate_json(await store.read_range(name, 0, stored.bytes))


async def keep_framing(store: ObjectStore, name: str, framing: Framing) -> None:
    """Keep what was found."""
    await store.put_bytes(name, framing.model_dump_json().encode(), content_type="application/json")
