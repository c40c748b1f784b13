"""Every request in its own scope: an id on each log line, and an answer whatever goes wrong."""

from __future__ import annotations

import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moments_ray.errors import MomentsError
from moments_ray.http.problems import problem_of
from moments_ray.ids import new_identifier

log = structlog.get_logger()

_LONGEST_ID = 128


class RequestScope:
    """Gives a request its id, the caller's or Serve's if there is one, and renders errors that nobody foresaw.

    Serve's proxy puts the id into the request and, as ``X-Request-ID``, into the response.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        request_id = Headers(scope=scope).get("x-request-id", "")[:_LONGEST_ID] or new_identifier()
        scope["state"] = {**scope.get("state", {}), "request_id": request_id}
        answering = False

        async def watched(message: Message) -> None:
            nonlocal answering
            answering = True
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, watched)
            except ClientDisconnect:  # whoever asked is gone, as uploads that go on later do: nobody hears an answer
                log.info("request.broken_off", method=scope.get("method"), path=scope["path"])
            except Exception:
                log.exception("request.failed", method=scope.get("method"), path=scope["path"])
                if answering or scope["type"] != "http":
                    raise
                await problem_of(MomentsError(), request_id)(scope, receive, send)
