"""Which asset or picture a path means: never a file of this machine, only what the editor named itself."""

from __future__ import annotations

import re

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import Asset, Video
from moments_ray.editor.errors import MediaNotOurs
from moments_ray.editor.queries.made import MadeFiles
from moments_ray.editor.queries.projects import Projects
from moments_ray.errors import NotFound
from moments_ray.library.queries.videos import Videos
from moments_ray.media.probe import MediaInfo

_INGESTED = re.compile(r"(?:/?media/)?ingest/([A-Za-z0-9][A-Za-z0-9._-]{0,150})")
_PICTURE = re.compile(r"(?:/?media/)?(thumbnails|final)/([A-Za-z0-9][A-Za-z0-9._-]{0,150})")
_ASSET = re.compile(r"asset:([A-Za-z0-9-]{1,64})")


def is_asset(path: str) -> bool:
    """Tell whether a path is one that ``asset_at`` looks up."""
    return bool(_INGESTED.fullmatch(path) or _ASSET.fullmatch(path))


async def sound_at(session: ReadSession | WriteSession, path: str) -> str:
    """Return the object whose sound is meant by a path; raises as ``asset_at``, and for a video without sound."""
    _, video = await asset_at(session, path)
    if video.cloud_url is None or video.info is None or MediaInfo.model_validate(video.info).default_audio is None:
        raise MediaNotOurs(f"{path}: there is no sound in this video.")
    return video.cloud_url


async def asset_at(session: ReadSession | WriteSession, path: str) -> tuple[Asset, Video]:
    """Return the asset at ``/media/ingest/NAME``, ``ingest/NAME`` or ``asset:NUMBER``, with its video.

    Raises:
        MediaNotOurs: it is anything else, or there is none.
    """
    ingested, asset = _INGESTED.fullmatch(path), _ASSET.fullmatch(path)
    try:
        if ingested is not None:
            return await Projects(session).asset_named(ingested[1])
        if asset is not None:
            return await Projects(session).asset(asset[1])
    except NotFound as error:
        raise MediaNotOurs(f"{error.message} Name one of `GET /api/projects`.") from error
    raise MediaNotOurs


async def picture_at(session: ReadSession, path: str) -> str | None:
    """Return the object of a picture at ``/media/thumbnails/NAME`` or ``/media/final/NAME``; None while it is not here.

    Raises:
        MediaNotOurs: it is anything else, or there is none.
    """
    found = _PICTURE.fullmatch(path)
    if found is None:
        raise MediaNotOurs("Name a picture under /media/thumbnails/ or /media/final/, or its URL.")
    try:
        if found[1] == "final":
            return await MadeFiles(session).named(found[2])
        _, video = await Projects(session).asset_named(found[2])
        return await Videos(session).thumbnail(video.id)
    except NotFound as error:
        raise MediaNotOurs(f"{error.message} Name one that was made here.") from error
