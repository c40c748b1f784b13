"""The directory store's objects, for whoever holds a signed link; a bucket serves its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Header, HTTPException, Query, Request, Response
from fastapi.responses import StreamingResponse

from moments_ray.errors import LinkInvalid
from moments_ray.http.byte_ranges import requested_range
from moments_ray.http.dependencies import Dependencies
from moments_ray.http.problems import problems
from moments_ray.storage.object_store import StoredObject

router = APIRouter(tags=["objects"])

_BYTES = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}


@router.api_route(
    "/objects/{name:path}",
    methods=["GET", "HEAD"],
    response_class=Response,
    include_in_schema=False,  # what is in a link is nobody's business but ours
    responses={200: _BYTES, 206: _BYTES, **problems(403, 404, 416)},
)
async def read_object(
    dependencies: Dependencies,
    request: Request,
    name: str,
    *,
    expires: Annotated[int, Query(ge=0, lt=2**40)],
    signature: Annotated[str, Query(max_length=64)],
    filename: Annotated[str | None, Query(max_length=400)] = None,
    range_header: Annotated[str | None, Header(alias="range")] = None,
    if_range: Annotated[str | None, Header()] = None,
) -> Response:
    """Return an object's bytes, all or one range.

    Raises:
        LinkInvalid: the link was not made here, or has expired.
    """
    if not request.app.state.signer.verify_signature(name, expires, signature, filename):
        raise LinkInvalid
    store = dependencies.environment.store
    stored = await store.stat(name)
    headers = _headers(stored, filename)
    part = requested_range(range_header, stored.bytes) if if_range in {None, headers["ETag"]} else None
    if part is None:
        headers["Content-Length"] = str(stored.bytes)
        return _answer(request, store.open_range(name), 200, headers, stored.content_type)
    if not part.length:
        raise HTTPException(416, headers={"Content-Range": f"bytes */{stored.bytes}"})
    headers["Content-Range"] = f"bytes {part.start}-{part.start + part.length - 1}/{stored.bytes}"
    headers["Content-Length"] = str(part.length)
    pieces = store.open_range(name, part.start, part.length)
    return _answer(request, pieces, 206, headers, stored.content_type)


def _answer(
    request: Request, pieces: AsyncIterator[bytes], status: int, headers: Mapping[str, str], media_type: str
) -> Response:
    if request.method == "HEAD":
        return Response(status_code=status, headers=dict(headers), media_type=media_type)
    return StreamingResponse(pieces, status, headers, media_type)


def _headers(stored: StoredObject, filename: str | None) -> dict[str, str]:
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": f'"{stored.checksum}"',
        "Cache-Control": "private, max-age=3600",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox",  # an object is data: nothing in it runs with our origin
    }
    if filename is not None:
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
    return headers
