"""Who sends a request: by an API key, by the cookie of a browser's session, or, while there are no keys, from where."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import Scope as Connection

from moments_ray.access.key import Scope
from moments_ray.access.key_store import ApiKeyStore, Caller
from moments_ray.errors import KeyInvalid, NotThisMachine, OriginRefused, ScopeMissing
from moments_ray.http.loopback import from_this_machine
from moments_ray.http.rate_limit import RateLimit
from moments_ray.settings import Settings

COOKIE = "moments_session"
_PROTOCOL = "moments.bearer."  # and base64url of the key
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Callers:
    """Tells who sends requests, and counts them."""

    def __init__(self, key_store: ApiKeyStore, limit: RateLimit, settings: Settings) -> None:
        self.key_store = key_store
        self._limit = limit
        self._origins = settings.api.cors_origins
        self._public_host = urlsplit(settings.public_url or "").netloc.lower()

    async def admit(self, connection: Connection, needed: Scope) -> Caller | None:
        """Return who asks; None while there are no keys.

        Raises:
            AccessError: whoever it is may not.
            DatabaseUnavailable: it cannot be told.
        """
        headers = Headers(scope=connection)
        caller = await self._known(connection)
        await self._count(connection, caller)
        if caller is None:
            if "authorization" in headers or offered_protocol(connection) or await self.key_store.in_use():
                raise KeyInvalid
            if not from_this_machine(connection, self._origins):
                raise _not_this_machine(headers)
        elif not caller.scope.covers(needed):
            raise ScopeMissing(f"This needs an API key of scope {needed}; the one that was sent is of {caller.scope}.")
        elif caller.expires_at is not None and not _reads(connection):
            self.require_own_page(connection)
        return caller

    async def identify(self, connection: Connection) -> Caller | None:
        """Return who asks what everybody may ask; None where nobody says, or without a key that counts."""
        caller = await self._known(connection)
        await self._count(connection, caller)
        return caller

    def require_own_page(self, connection: Connection) -> None:
        """Refuse what a page of another origin has a browser do, cookie and all.

        Raises:
            OriginRefused: neither the browser says that the page is of this origin, nor its ``Origin`` does.
        """
        headers = Headers(scope=connection)
        site, origin = headers.get("sec-fetch-site"), headers.get("origin", "")
        own = {headers.get("host", "").lower(), self._public_host} - {""}
        if not (site == "same-origin" if site is not None else origin.lower().partition("://")[2] in own):
            raise OriginRefused

    async def _known(self, connection: Connection) -> Caller | None:
        headers = Headers(scope=connection)
        given = headers.getlist("authorization")
        if not given and (protocol := offered_protocol(connection)) is not None:
            return await self.key_store.caller_of(_key_in(protocol))
        if given:
            key = _bearer(given[0]) if len(given) == 1 else None
            return await self.key_store.caller_of(key) if key else None
        token = session_token(connection)
        return await self.key_store.caller_of_session(token) if token else None

    async def _count(self, connection: Connection, caller: Caller | None) -> None:
        client = connection.get("client")
        await self._limit.count(f"key/{caller.identifier}" if caller else f"address/{client[0] if client else ''}")


def offered_protocol(connection: Connection) -> str | None:
    """Return the subprotocol that a socket shows its key by: a page can send no header with it."""
    if connection["type"] != "websocket":
        return None
    offered = (each for each in connection.get("subprotocols", ()) if each.startswith(_PROTOCOL))
    return next(offered, None)


def _key_in(protocol: str) -> str:
    text = protocol.removeprefix(_PROTOCOL)
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def session_token(connection: Connection) -> str | None:
    """Return what the cookie of a browser's session holds."""
    return cookie_parser(Headers(scope=connection).get("cookie", "")).get(COOKIE)


def _reads(connection: Connection) -> bool:
    """Tell whether a request changes nothing; a socket can, and browsers open them for pages of any origin."""
    return connection["type"] == "http" and connection["method"] in _READING


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
