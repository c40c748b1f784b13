"""The keys of a deployment: made, listed, revoked, and recognised in requests."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog

from moments_ray.access.key import Key, Scope, digest_of, new_token
from moments_ray.access.queries import ApiKeys, ApiSessions
from moments_ray.database.session import Database, WriteSession
from moments_ray.database.tables import ApiKey
from moments_ray.errors import DatabaseUnavailable, InvalidRequest

log = structlog.get_logger()

_LONGEST_NAME = 200
_FRESH_SECONDS = 0.2  # a revocation counts from then on; a busy API asks PostgreSQL five times a second, no more
_OUTAGE_SECONDS = 60.0  # for so long what was known holds while PostgreSQL is away: nobody can revoke there either
_TIMEOUT_SECONDS = 2.0
_NOTED_SECONDS = 60.0  # how often a key's use is written down
_NOBODY = "0" * 64


async def make_key(database: Database, name: str, scope: Scope) -> tuple[ApiKey, Key]:
    """Make a key; its text is in the answer and nowhere else.

    Raises:
        InvalidRequest: the name is empty, too long or holds what cannot be printed.
    """
    if not (name.strip() and name.isprintable() and len(name) <= _LONGEST_NAME):
        raise InvalidRequest(f"The name of a key is 1 to {_LONGEST_NAME} printable characters: say who will use it.")
    key = Key.make()
    async with database.begin() as session:
        row = await ApiKeys(session).insert(key.identifier, name.strip(), key.digest, [scope.value])
    return row, key


async def list_keys(database: Database) -> Sequence[ApiKey]:
    """Return every key, the revoked ones too, the oldest first."""
    async with database.read() as session:
        return await ApiKeys(session).all()


async def revoke_key(database: Database, identifier: str) -> ApiKey:
    """Have a key refused from now on; revoking it again changes nothing.

    Raises:
        NotFound: there is no such key.
    """
    async with database.begin() as session:
        return await ApiKeys(session).revoke(identifier)


def scope_of(row: ApiKey) -> Scope:
    """Return the largest scope of a key."""
    return max((Scope(each) for each in row.scopes), key=list(Scope).index)


@dataclass(frozen=True)
class Caller:
    """Who sent a valid key, or the cookie of a session that ends at ``expires_at``."""

    identifier: str
    scope: Scope
    name: str
    expires_at: datetime | None = None


@dataclass(frozen=True)
class NewSession:
    """A browser's session that was begun just now: what its cookie holds, and for how long it is kept at most."""

    token: str
    longest_until: datetime


@dataclass(frozen=True)
class _CachedKeys:
    """What PostgreSQL said when it was asked: the valid keys by identifier, and whether any was ever made.

    Keys come with their hashes; sessions are found by the hashes of their tokens.
    """

    keys: Mapping[str, tuple[str, Caller]]
    sessions: Mapping[str, Caller]
    any: bool
    read_at: float


class ApiKeyStore:
    """Recognises keys in requests; lives in one event loop."""

    def __init__(self, database: Database, *, outage_seconds: float = _OUTAGE_SECONDS) -> None:
        self._database = database
        self._outage_seconds = outage_seconds
        self._reading = asyncio.Lock()
        self._known: _CachedKeys | None = None
        self._fresh_until = 0.0
        self._failed_at = 0.0
        self._noted: dict[str, float] = {}

    async def in_use(self) -> bool:
        """Tell whether a key was ever made: from then on keys are asked for, though all of them be revoked.

        Raises:
            DatabaseUnavailable: PostgreSQL cannot be reached, and nothing is known from before.
        """
        return (await self._current()).any

    async def caller_of(self, text: str) -> Caller | None:
        """Return whose key this is; None for one that is not ours, or was revoked; raises as ``in_use``."""
        known = await self._current()
        key = Key.read(text)
        if key is None:
            return None
        digest, caller = known.keys.get(key.identifier, (_NOBODY, None))
        if not hmac.compare_digest(key.digest, digest) or caller is None:
            return None
        await self._note_use(key.identifier, lambda session: ApiKeys(session).note_use(key.identifier))
        return caller

    async def caller_of_session(self, token: str) -> Caller | None:
        """Return whose session has this token; None where it is not ours, or over; raises as ``in_use``."""
        known = await self._current()
        digest = digest_of(token)
        caller = known.sessions.get(digest)
        if caller is None or caller.expires_at is None or caller.expires_at <= datetime.now(UTC):
            return None
        await self._note_use(digest, lambda session: ApiSessions(session).note_use(digest))
        return caller

    async def begin_session(self, text: str) -> NewSession | None:
        """Begin a browser's session with a key, and return when every replica knows it; None where it is not valid."""
        caller = await self.caller_of(text)
        if caller is None:
            return None
        token = new_token()
        async with self._database.begin() as session:
            longest_until = await ApiSessions(session).insert(caller.identifier, digest_of(token))
        self._fresh_until = 0.0
        await asyncio.sleep(_FRESH_SECONDS)  # the browser's next request may reach another replica
        return NewSession(token, longest_until)

    async def end_session(self, token: str) -> None:
        """End a browser's session, if there is such a one."""
        async with self._database.begin() as session:
            await ApiSessions(session).delete(digest_of(token))
        self._fresh_until = 0.0

    async def _current(self) -> _CachedKeys:
        asked = time.monotonic()
        if self._known is None or asked >= self._fresh_until:
            async with self._reading:
                if self._known is None or time.monotonic() >= self._fresh_until:  # while this one waited
                    if asked < self._failed_at:  # else each of many would wait for all before it
                        raise _unreadable()
                    self._known = await self._read(self._known)
        return self._known

    async def _read(self, before: _CachedKeys | None) -> _CachedKeys:
        began = time.monotonic()
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS), self._database.read() as session:
                rows = await ApiKeys(session).all()
                live = await ApiSessions(session).live() if rows else ()
        except (DatabaseUnavailable, TimeoutError) as error:
            if before is None or began - before.read_at > self._outage_seconds:
                self._failed_at = time.monotonic()
                raise _unreadable() from error
            log.warning("keys.read_failed", error=type(error).__name__)
            self._fresh_until = time.monotonic() + 1.0
            return before
        self._fresh_until = began + _FRESH_SECONDS
        valid = {
            row.identifier: (row.key_hash, Caller(row.identifier, scope_of(row), row.name))
            for row in rows
            if row.revoked_at is None
        }
        sessions = {
            one.token_hash: replace(valid[one.key][1], expires_at=one.expires_at) for one in live if one.key in valid
        }
        self._noted = {name: at for name, at in self._noted.items() if name in valid or name in sessions}
        return _CachedKeys(valid, sessions, bool(rows), began)

    async def _note_use(self, name: str, note: Callable[[WriteSession], Awaitable[None]]) -> None:
        now = time.monotonic()
        if now - self._noted.get(name, -_NOTED_SECONDS) < _NOTED_SECONDS:
            return
        self._noted[name] = now
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS), self._database.begin() as session:
                await note(session)
        except (DatabaseUnavailable, TimeoutError) as error:
            log.warning("keys.use_not_recorded", error=type(error).__name__)


def _unreadable() -> DatabaseUnavailable:
    return DatabaseUnavailable("PostgreSQL cannot be reached, and API keys are there: try again.")
