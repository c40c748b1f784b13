"""Who may pass: every route asks for a key unless it is named here, so that a new one is never open by mistake."""

from __future__ import annotations

from typing import Any

import structlog
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Connection

from moments_ray.access.key import Scope
from moments_ray.errors import AccessError, DatabaseUnavailable
from moments_ray.http import documentation
from moments_ray.http.callers import COOKIE, Callers
from moments_ray.http.problems import problem_of, problems
from moments_ray.http.routes.sessions import PATH as SESSION_PATH

# Health is for load balancers, which have no key; the description says nothing that the repository does not; an
# object's link is signed for whoever holds it.
_OPEN = (
    frozenset({"/", "/health", "/api/healthz", "/readyz", "/livez", "/openapi.json", SESSION_PATH}) | documentation.OPEN
)
_SIGNED = "/objects/"
_PAGE = "/ui"  # static files without a secret in them; what they show is asked for with a key
_ADMIN = "/api/admin"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_POLICY_VIOLATION = 1008
_KEY = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key of `moments keys create`. Scope `read` allows GET, `write` every other verb too, and "
    "`admin` what is under `/api/admin`. While there are no keys, this machine alone is served and needs none.",
}
_SESSION = {
    "type": "apiKey",
    "in": "cookie",
    "name": COOKIE,
    "description": f"A browser's session, begun at `POST {SESSION_PATH}` with a key, and of its scope. Requests that "
    "change something come from pages of this origin.",
}


def needed_scope(method: str, path: str) -> Scope | None:
    """Return the scope that a request needs; None where no key is asked for."""
    if path in _OPEN or path.startswith((_SIGNED, f"{_PAGE}/")) or path == _PAGE:
        return None
    if path == _ADMIN or path.startswith(f"{_ADMIN}/"):
        return Scope.ADMIN
    return Scope.READ if method in _READING else Scope.WRITE


class ApiKeyMiddleware:
    """Lets through whoever has a key of the right scope and asks no more than is allowed.

    While no key was ever made, this machine alone is served, and needs none. What is refused was not read: a body
    stays on its connection.
    """

    def __init__(self, app: ASGIApp, callers: Callers) -> None:
        self._app = app
        self._callers = callers

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Answer one request."""
        needed = needed_scope(scope.get("method", "GET"), _path(scope)) if _asks(scope) else None
        if needed is None:
            await self._app(scope, receive, send)
            return
        try:
            caller = await self._callers.admit(scope, needed)
        except (AccessError, DatabaseUnavailable) as error:
            await _refuse(error, scope, receive, send)
            return
        with structlog.contextvars.bound_contextvars(key=caller.identifier if caller else None):
            await self._app(scope, receive, send)


def _asks(scope: Connection) -> bool:
    return scope["type"] in {"http", "websocket"}


def _path(scope: Connection) -> str:
    """Return the path as routes see it, which is without the prefix that the application may be served under."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    return path[len(root) :] if root and path.startswith(f"{root}/") else path


async def _refuse(error: AccessError | DatabaseUnavailable, scope: Connection, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": error.code})
        return
    await problem_of(error, scope["state"]["request_id"])(scope, receive, send)


def document_authentication(app: FastAPI) -> None:
    """Have the OpenAPI document say which operations ask for a key, and what they answer without the right one."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        made = app.openapi_schema is not None
        document: dict[str, Any] = describe()
        if not made:
            document.setdefault("components", {})["securitySchemes"] = {"ApiKey": _KEY, "Session": _SESSION}
            for path, operations in document["paths"].items():
                for method, operation in operations.items():
                    if (needed := needed_scope(method.upper(), path)) is not None:
                        _document(operation, needed)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own documented way


def _document(operation: dict[str, Any], needed: Scope) -> None:
    # The empty one: while there are no keys, none is needed.
    operation["security"] = [{"ApiKey": [needed.value]}, {"Session": [needed.value]}, {}]
    for status, answer in problems(401, 403, 429).items():
        operation["responses"].setdefault(str(status), answer)
