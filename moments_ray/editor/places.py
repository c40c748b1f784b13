"""Which asset a path means: never a file of this machine, only what the editor named itself."""

from __future__ import annotations

import re

from moments_ray.database.session import ReadSession
from moments_ray.database.tables import Asset, Video
from moments_ray.editor.errors import MediaNotOurs
from moments_ray.editor.queries.projects import Projects
from moments_ray.errors import NotFound

_INGESTED = re.compile(r"(?:/?media/)?ingest/([A-Za-z0-9][A-Za-z0-9._-]{0,150})")
_ASSET = re.compile(r"asset:([A-Za-z0-9-]{1,64})")


async def asset_at(session: ReadSession, path: str) -> tuple[Asset, Video]:
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
