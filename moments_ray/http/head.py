"""HEAD wherever GET is: the same answer without its body."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadAsGet:
    """Answers HEAD as GET without the body, unless a route answers HEAD itself; a stream ends where it would begin."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD" or self._answered(scope):
            await self._app(scope, receive, send)
            return
        begun = False

        async def without_body(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b""})
                begun = True
            elif message.get("more_body"):
                answering.cancel()  # a stream may have no end

        async def until_begun() -> Message:
            return {"type": "http.disconnect"} if begun else await receive()

        answering = asyncio.ensure_future(self._app({**scope, "method": "GET"}, until_begun, without_body))
        try:
            await answering
        except asyncio.CancelledError:
            if not begun:
                raise

    def _answered(self, scope: Scope) -> bool:
        return any(route.matches(scope)[0] is Match.FULL for route in self._routes)
