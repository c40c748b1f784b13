"""Who may pass: every route asks for a key unless it is named here, so that a new one is never open by mistake."""

from __future__ import annotations

from typing import Any

import structlog
from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Connection

from moments_ray.access.key import Scope
from moments_ray.access.key_store import ApiKeyStore, Caller
from moments_ray.errors import AccessError, DatabaseUnavailable, KeyInvalid, NotThisMachine, ScopeMissing
from moments_ray.http import documentation
from moments_ray.http.loopback import from_this_machine
from moments_ray.http.problems import problem_of, problems
from moments_ray.http.rate_limit import RateLimit
from moments_ray.settings import ApiSettings

# Health is for load balancers, which have no key; the description says nothing that the repository does not; an
# object's link is signed for whoever holds it.
_OPEN = frozenset({"/", "/health", "/api/healthz", "/readyz", "/livez", "/openapi.json"}) | documentation.OPEN
_SIGNED = "/objects/"
_PAGE = "/ui"  # static files without a secret in them; what they show is asked for with a key
_ADMIN = "/api/admin"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_POLICY_VIOLATION = 1008
_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key of `moments keys create`. Scope `read` allows GET, `write` every other verb too, and "
    "`admin` what is under `/api/admin`. While there are no keys, this machine alone is served and needs none.",
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

    def __init__(self, app: ASGIApp, key_store: ApiKeyStore, limit: RateLimit, settings: ApiSettings) -> None:
        self._app = app
        self._key_store = key_store
        self._limit = limit
        self._settings = settings

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Answer one request."""
        needed = needed_scope(scope.get("method", "GET"), _path(scope)) if _asks(scope) else None
        if needed is None:
            await self._app(scope, receive, send)
            return
        try:
            caller = await self._authenticate(scope, needed)
        except (AccessError, DatabaseUnavailable) as error:
            await _refuse(error, scope, receive, send)
            return
        with structlog.contextvars.bound_contextvars(key=caller.identifier if caller else None):
            await self._app(scope, receive, send)

    async def _authenticate(self, scope: Connection, needed: Scope) -> Caller | None:
        """Return who asks; None while there are no keys.

        Raises:
            AccessError: whoever it is may not.
            DatabaseUnavailable: it cannot be read.
        """
        given = Headers(scope=scope).getlist("authorization")
        key = _bearer(given[0]) if len(given) == 1 else None
        caller = await self._key_store.caller_of(key) if key else None
        client = scope.get("client")
        await self._limit.count(f"key/{caller.identifier}" if caller else f"address/{client[0] if client else ''}")
        if caller is None:
            if given or await self._key_store.in_use():
                raise KeyInvalid
            if not from_this_machine(scope, self._settings.cors_origins):
                raise _not_this_machine(Headers(scope=scope))
        elif not caller.scope.covers(needed):
            raise ScopeMissing(f"This needs an API key of scope {needed}; the one that was sent is of {caller.scope}.")
        return caller


def _asks(scope: Connection) -> bool:
    return scope["type"] in {"http", "websocket"}


def _path(scope: Connection) -> str:
    """Return the path as routes see it, which is without the prefix that the application may be served under."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    return path[len(root) :] if root and path.startswith(f"{root}/") else path


def _bearer(authorization: str) -> str:
    scheme, _, key = authorization.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _not_this_machine(headers: Headers) -> NotThisMachine:
    """Return the error, which tells a page of another origin what lets it in."""
    if "origin" not in headers:
        return NotThisMachine()
    return NotThisMachine(
        "A page of another origin may not ask here: name its origin in MOMENTS_API__CORS_ORIGINS, as in "
        '["https://HOST"], or make a key with `moments keys create`.'
    )


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
            document.setdefault("components", {})["securitySchemes"] = {"ApiKey": _SCHEME}
            for path, operations in document["paths"].items():
                for method, operation in operations.items():
                    if (needed := needed_scope(method.upper(), path)) is not None:
                        _document(operation, needed)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own documented way


def _document(operation: dict[str, Any], needed: Scope) -> None:
    operation["security"] = [{"ApiKey": [needed.value]}, {}]  # the empty one: while there are no keys, none is needed
    for status, answer in problems(401, 403, 429).items():
        operation["responses"].setdefault(str(status), answer)
