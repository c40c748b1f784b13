"""One picture of many small ones: what is on screen through a whole video, for a page to show a part of."""

from __future__ import annotations

import asyncio
import math
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from moments_ray.media.probe import MediaInfo
from moments_ray.media.thumbnails import Picture, storyboard
from moments_ray.settings import MediaSettings

_WIDTH = 160
_COLUMNS = 10
_MOST = 100
_STEP_SECONDS = 5.0
_QUALITY = 78


class Sheet(BaseModel):
    """How small pictures lie on a sheet: picture ``n`` is of the time ``(n + 0.5) * step``, in seconds.

    It stands in column ``n % columns`` of row ``n // columns``; each is ``width`` by ``height`` pixels.
    """

    model_config = ConfigDict(frozen=True)

    count: int
    columns: int
    step: float
    width: int
    height: int


async def write_sheet(
    source: Path, info: MediaInfo, target: Path, *, settings: MediaSettings, timeout: float = 300
) -> Sheet:
    """Write a sheet of a probed source to ``target`` (JPEG): a picture every five seconds, and a hundred at most.

    Raises as ``media.thumbnails.storyboard``.
    """
    count = min(_MOST, max(1, math.ceil(info.duration / _STEP_SECONDS)))
    with tempfile.TemporaryDirectory(dir=target.parent) as directory:
        pictures = await storyboard(
            source, info, Path(directory), settings=settings, count=count, width=_WIDTH, timeout=timeout
        )
        await asyncio.to_thread(_join, pictures, target)
    first = pictures[0]
    return Sheet(
        count=count,
        columns=min(count, _COLUMNS),
        step=info.duration / count,
        width=first.width,
        height=first.height,
    )


def _join(pictures: Sequence[Picture], target: Path) -> None:
    from PIL import Image  # noqa: PLC0415 - only the process that makes a sheet needs it

    first, columns = pictures[0], min(len(pictures), _COLUMNS)
    rows = math.ceil(len(pictures) / columns)
    with Image.new("RGB", (columns * first.width, rows * first.height)) as sheet:
        for number, picture in enumerate(pictures):
            with Image.open(picture.path) as one:
                sheet.paste(one, (number % columns * first.width, number // columns * first.height))
        sheet.save(target, "JPEG", quality=_QUALITY, optimize=True)
