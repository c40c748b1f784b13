"""A browser's session: begun with a key, carried by a cookie that no script can read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, Field, SecretStr

from moments_ray.access.key import Scope
from moments_ray.errors import KeyInvalid
from moments_ray.http.callers import COOKIE, Callers, session_token
from moments_ray.http.loopback import from_this_machine, host_of, is_loopback
from moments_ray.http.problems import problems
from moments_ray.http.schemas.base import RequestBody, Shape

PATH = "/api/session"
router = APIRouter(prefix=PATH, tags=["session"])


class BeginSession(RequestBody):
    """The key that a session is begun with."""

    key: Annotated[SecretStr, Field(max_length=200, examples=["mr_…"])]


class SessionView(Shape):
    """Who the caller is to the server."""

    keys_in_use: bool = Field(description="whether a key is asked for; else this machine alone is served, without one")
    scope: Scope | None = Field(description="what the caller may do; null: nothing, until a session is begun")
    name: str | None = Field(description="of the key")
    expires_at: AwareDatetime | None = Field(description="of the session, unless it is used")


@router.get("", responses=problems(429))
async def read_session(request: Request, response: Response) -> SessionView:
    """Tell whether a key is asked for, and what the caller may do."""
    callers: Callers = request.app.state.callers
    response.headers["Cache-Control"] = "no-store"
    caller = await callers.identify(request.scope)
    if caller is not None:
        return SessionView(keys_in_use=True, scope=caller.scope, name=caller.name, expires_at=caller.expires_at)
    in_use = await callers.key_store.in_use()
    served = not in_use and from_this_machine(
        request.scope, request.app.state.container.environment.settings.api.cors_origins
    )
    return SessionView(keys_in_use=in_use, scope=Scope.ADMIN if served else None, name=None, expires_at=None)


@router.post(
    "",
    status_code=204,
    response_class=Response,
    responses={
        204: {"description": "Begun.", "headers": {"Set-Cookie": {"schema": {"type": "string"}}}},
        **problems(401, 403, 429),
    },
)
async def begin_session(request: Request, asked: BeginSession) -> Response:
    """Begin a session with a key: what the browser sends from then on carries a cookie.

    With a cookie, requests that change something are taken from pages of this origin alone.
    """
    callers: Callers = request.app.state.callers
    if "origin" in request.headers:
        callers.require_own_page(request.scope)
    await callers.identify(request.scope)
    begun = await callers.key_store.begin_session(asked.key.get_secret_value())
    if begun is None:
        raise KeyInvalid
    answer = Response(status_code=204, headers={"Cache-Control": "no-store"})
    answer.set_cookie(
        COOKIE,
        begun.token,
        max_age=int((begun.longest_until - datetime.now(UTC)).total_seconds()),
        httponly=True,
        samesite="strict",
        secure=_by_network(request),
    )
    return answer


@router.delete("", status_code=204, response_class=Response, responses=problems(403, 429))
async def end_session(request: Request) -> Response:
    """End the session of the cookie that comes with the request, if there is one."""
    callers: Callers = request.app.state.callers
    await callers.identify(request.scope)
    token = session_token(request.scope)
    answer = Response(status_code=204, headers={"Cache-Control": "no-store"})
    if token is not None:
        callers.require_own_page(request.scope)
        await callers.key_store.end_session(token)
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=_by_network(request))
    return answer


def _by_network(request: Request) -> bool:
    """Tell whether a cookie must travel encrypted: it must, but for a browser on this machine."""
    return request.url.scheme == "https" or not is_loopback(host_of(request.headers.get("host", "")))
