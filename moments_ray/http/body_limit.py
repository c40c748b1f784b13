"""No body larger than its route can want: refused by its length, or as soon as too much has come."""

from __future__ import annotations

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

UPLOAD_PATH = "/api/videos/upload"
_JSON_BYTES = 1024**2
_AROUND_A_FILE = 64 * 1024  # the other fields of a form, and what parts it


class BodyLimit:
    """Refuses bodies over 1 MiB, or over ``upload_bytes`` where videos are uploaded; Serve's proxy takes any."""

    def __init__(self, app: ASGIApp, upload_bytes: int) -> None:
        self._app = app
        self._upload_bytes = upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._upload_bytes + _AROUND_A_FILE if scope["path"] == UPLOAD_PATH else _JSON_BYTES
        length = Headers(scope=scope).get("content-length", "")
        announced = int(length) if length.isascii() and length.isdecimal() and len(length) < 19 else 0
        received = 0

        async def counted() -> Message:
            nonlocal received
            if announced > limit:
                raise _too_large(limit)
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise _too_large(limit)
            return message

        await self._app(scope, counted, send)


def _too_large(limit: int) -> HTTPException:
    return HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body of this request may have {limit:,} bytes.")
