"""No body larger than its route can want: refused by its length, or as soon as too much has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moments_ray.engine import product

_JSON_BYTES = 1024**2


@dataclass(frozen=True)
class RouteLimit:
    """How large bodies may be that go to a path, or below it where it ends with a slash; and what helps with more."""

    path: str
    bytes: int
    cure: str

    def covers(self, path: str) -> bool:
        """Tell whether a path is meant."""
        return path.startswith(self.path) if self.path.endswith("/") else path == self.path


class BodyLimit:
    """Refuses bodies over 1 MiB, or over what ``limits`` say of their route; Serve's proxy takes any."""

    def __init__(self, app: ASGIApp, limits: Sequence[product.BodyLimit]) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        own = next((limit for limit in self._limits if limit.covers(scope["path"])), None)
        limit, cure = (own.bytes, f": {own.cure}.") if own is not None else (_JSON_BYTES, ".")
        length = Headers(scope=scope).get("content-length", "")
        announced = int(length) if length.isascii() and length.isdecimal() and len(length) < 19 else 0
        received = 0

        async def counted() -> Message:
            nonlocal received
            if announced > limit:
                raise _too_large(limit, cure)
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise _too_large(limit, cure)
            return message

        await self._app(scope, counted, send)


def _too_large(limit: int, end: str) -> HTTPException:
    said = f"The body of this request may have {limit:,} bytes{end}"
    return HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, said)
