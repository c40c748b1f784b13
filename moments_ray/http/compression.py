"""Answers compressed where that is asked for; media and streams of events are not."""

from __future__ import annotations

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_OBJECTS = "/objects/"  # read by ranges, which count the bytes as they are stored
_SMALLEST_BYTES = 1024
_LEVEL = 5  # half the time of 9, for a hundredth more bytes


class Compression:
    """Compresses text with gzip."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._compressing = GZipMiddleware(app, minimum_size=_SMALLEST_BYTES, compresslevel=_LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        app = self._app if str(scope.get("path", "")).startswith(_OBJECTS) else self._compressing
        await app(scope, receive, send)
