"""Files that come with a request or from an address: looked at by a child process, then stored by their content."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from pathlib import Path

from moments_ray.ads.errors import MusicUnusable, PictureUnusable
from moments_ray.ads.painting.product_picture import LARGEST_BYTES, Preparation
from moments_ray.ads.stages.product import PREPARE
from moments_ray.ads.timing import LONGEST_FILM
from moments_ray.ads.values import OwnPicture
from moments_ray.engine.environment import Environment
from moments_ray.errors import DownloadTooLarge, MediaError, MediaLimitsExceeded, UnsupportedMedia
from moments_ray.media.guard import check_url
from moments_ray.media.http_file import fetch_file
from moments_ray.media.probe import probe
from moments_ray.media.process import run_python
from moments_ray.media.render.mix import plain_sound

_SECONDS = 60.0
_SHORTEST_MUSIC = 48_000 * 2 * 2  # bytes of a second


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
    await _prepared(environment, Preparation(source=path))
    return await _stored(environment, path, stem)


async def store_scene(environment: Environment, path: Path, stem: str) -> OwnPicture:
    """Store what takes the place of a scene's picture: a picture upright and in sRGB, or a film as it came.

    Raises:
        PictureUnusable: it is neither.
    """
    upright = path.with_suffix(".jpg")
    try:
        await _prepared(environment, Preparation(source=path, vision=upright))
    except PictureUnusable as error:
        try:
            await probe(path, environment.settings.media)
        except (UnsupportedMedia, MediaError, MediaLimitsExceeded):
            raise PictureUnusable(f"A scene takes a picture or a film. {error.message}") from error
        return OwnPicture(name=await _stored(environment, path, stem), still=False)
    return OwnPicture(name=await _stored(environment, upright, stem), still=True)


async def store_music(environment: Environment, path: Path, stem: str) -> str:
    """Store the beginning of a piece of music as WAV, as much as a film has room for.

    Raises:
        MusicUnusable: it is no sound.
    """
    bed = path.with_suffix(".wav")
    media = environment.settings.media
    try:
        await plain_sound(path, bed, settings=media, timeout=_SECONDS, seconds=LONGEST_FILM)
        if (await asyncio.to_thread(bed.stat)).st_size < _SHORTEST_MUSIC:
            raise MusicUnusable("The music is shorter than a second: send a longer piece.")
    except (UnsupportedMedia, MediaError, MediaLimitsExceeded) as error:
        raise MusicUnusable("This is no sound that can be read: send MP3, M4A, WAV, FLAC or Ogg.") from error
    return await _stored(environment, bed, stem, "audio/wav")


async def _prepared(environment: Environment, asked: Preparation) -> None:
    await run_python(PREPARE, asked.model_dump(mode="json"), timeout=_SECONDS, settings=environment.settings.media)


async def _stored(environment: Environment, path: Path, stem: str, kind: str = "application/octet-stream") -> str:
    data = await asyncio.to_thread(path.read_bytes)
    name = f"{stem}-{hashlib.sha256(data).hexdigest()[:12]}"
    await environment.store.put_bytes(name, data, content_type=kind)
    return name
