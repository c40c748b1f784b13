"""Files under the names that the editor gave them: what no row names is not there, whatever the store holds."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from moments_ray.database.session import ReadSession
from moments_ray.editor.queries.consents import Consents
from moments_ray.editor.queries.made import MadeFiles
from moments_ray.editor.queries.projects import Projects
from moments_ray.editor.queries.renders import Renders
from moments_ray.errors import NotFound
from moments_ray.http.dependencies import Dependencies
from moments_ray.http.redirects import SIGNED, RedirectQuery, signed_answer
from moments_ray.library.queries.videos import Videos

router = APIRouter(prefix="/media", tags=["editor"])

FileName = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,150}$", examples=["thumb_20251025.jpg"])]


@router.get("/{folder}/{name}", response_class=Response, responses=SIGNED)
async def read_media(
    dependencies: Dependencies, folder: str, name: FileName, *, redirect: RedirectQuery = True
) -> Response:
    """Redirect to a link that reads a file, by ranges too; signed documents are saved, never shown."""
    async with dependencies.environment.database.read() as session:
        uri = await _object(session, folder, name)
    filename = name if folder == "consent" else None
    return await signed_answer(dependencies, uri, "The file", redirect=redirect, filename=filename)


async def _object(session: ReadSession, folder: str, name: str) -> str | None:
    """Return the object that a name stands for, None while it is not here.

    Raises:
        NotFound: no row names it.
    """
    match folder:
        case "ingest" | "thumbnails":
            asset, video = await Projects(session).asset_named(name)
            if folder == "ingest" and name == asset.ingest_name:
                return video.cloud_url
            if folder == "thumbnails" and name == asset.thumbnail_name:
                return await Videos(session).thumbnail(video.id)
        case "final":
            found = await Renders(session).named(name)
            return found if found is not None else await MadeFiles(session).named(name)
        case "consent":
            return await Consents(session).document(name)
    raise NotFound("There is no such file.")
