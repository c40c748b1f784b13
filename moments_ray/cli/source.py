"""What a user names as a source, looked at before anything is started."""

from __future__ import annotations

import asyncio
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from moments_ray.errors import SourceNotFound
from moments_ray.media.guard import canonical_url, check_url
from moments_ray.media.probe import probe
from moments_ray.settings import Settings
from moments_ray.stages.request import Source

_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")


@dataclass(frozen=True)
class NamedSource:
    """A source that is worth a run; ``canonical`` is what makes two of them the same video."""

    source: Source
    canonical: str


async def examine(text: str, settings: Settings) -> NamedSource:
    """Tell URL from file and refuse what can never be a video.

    Raises:
        UrlNotAllowed: the URL may not be fetched, or is not one of the web.
        InputError: the file is not there, not a video, cut short, or over the limits.
    """
    if _SCHEME.match(text):
        await check_url(text, settings.download)
        return NamedSource(Source(url=text), canonical_url(text))
    path = Path(text)
    if not await asyncio.to_thread(path.exists):
        raise SourceNotFound(f"there is no file {text}")
    await probe(path, settings.media)
    digest = await asyncio.to_thread(_sha256, path)
    return NamedSource(Source(path=str(path.resolve())), f"sha256:{digest}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
