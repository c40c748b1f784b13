"""Media by redirect: the store serves the bytes, we only sign for them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Response
from fastapi.responses import RedirectResponse

from moments_ray.errors import NotFound
from moments_ray.http.container import Container
from moments_ray.http.dependencies import Dependencies
from moments_ray.http.problems import problems
from moments_ray.http.schemas.base import SignedLink

DownloadQuery = Annotated[bool, Query(description="to be saved as a file, under the title's name")]
RedirectQuery = Annotated[bool, Query(alias="redirect", description="false: answer the link and when it expires")]

SIGNED: dict[int | str, dict[str, Any]] = {
    200: {"model": SignedLink, "description": "The link, where no redirect was asked for."},
    307: {"description": "To a link that expires.", "headers": {"Location": {"schema": {"type": "string"}}}},
    **problems(404),
}


async def signed_answer(
    dependencies: Dependencies, uri: str | None, what: str, *, redirect: bool, filename: str | None = None
) -> Response:
    """Answer with a signed link to an object, as a redirect or as itself; with a name it is saved as a file of it.

    Raises:
        NotFound: there is no such object yet.
    """
    if uri is None:
        raise NotFound(f"{what} is not here yet.")
    link = await signed_link(dependencies, uri, filename)
    headers = {"Cache-Control": "no-store"}  # the link expires, and whoever has it may read
    if redirect:
        return RedirectResponse(link.url, headers=headers)
    return Response(link.model_dump_json(), media_type="application/json", headers=headers)


async def signed_link(container: Container, uri: str, filename: str | None = None) -> SignedLink:
    """Return a link that reads an object until it expires; with a name it is saved as a file of that name."""
    store, seconds = container.environment.store, container.environment.settings.storage.signed_url_seconds
    signed = await store.signed_url(store.name_of(uri), seconds, filename=filename)
    return SignedLink(url=signed.url, expires_at=signed.expires_at)
