"""Pictures that come with a request or from an address: looked at by a child process, then stored by their content."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from pathlib import Path

from moments_ray.ads.errors import PictureUnusable
from moments_ray.ads.painting.product_picture import LARGEST_BYTES, Preparation
from moments_ray.ads.stages.product import PREPARE
from moments_ray.engine.environment import Environment
from moments_ray.errors import DownloadTooLarge
from moments_ray.media.guard import check_url
from moments_ray.media.http_file import fetch_file
from moments_ray.media.process import run_python

_SECONDS = 60.0


async def fetch_picture(environment: Environment, url: str, folder: str) -> str:
    """Fetch a picture of the product, and return its object.

    Raises:
        UrlNotAllowed: it may not be fetched.
        DownloadError: it could not be.
        PictureUnusable: it is none.
    """
    settings = environment.settings.download.model_copy(
        update={"max_bytes": LARGEST_BYTES, "timeout_seconds": _SECONDS}
    )
    destination = await check_url(url, settings)
    with tempfile.TemporaryDirectory(prefix="moments-picture-") as directory:
        try:
            fetched = await fetch_file(destination.url, Path(directory), settings, lambda _: None)
        except DownloadTooLarge as error:
            raise PictureUnusable("The picture may have 20 MiB: name a smaller one.") from error
        return await store_picture(environment, fetched.path, f"{folder}/given")


async def store_picture(environment: Environment, path: Path, stem: str) -> str:
    """Store a picture as it came, once a child process could read it, and return its object.

    Raises:
        PictureUnusable: it is none of a format that is read, too large, too small, or broken.
    """
    asked = Preparation(source=path).model_dump(mode="json")
    await run_python(PREPARE, asked, timeout=_SECONDS, settings=environment.settings.media)
    data = await asyncio.to_thread(path.read_bytes)
    name = f"{stem}-{hashlib.sha256(data).hexdigest()[:12]}"
    await environment.store.put_bytes(name, data, content_type="application/octet-stream")
    return name
