"""API keys, as their hashes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, delete, func, select, text, update

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import ApiKey, ApiSession
from moments_ray.errors import NotFound


class ApiKeys:
    """Reads and writes of API keys."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def insert(self, identifier: str, name: str, key_hash: str, scopes: list[str]) -> ApiKey:
        """Write a key."""
        row = ApiKey(identifier=identifier, name=name, key_hash=key_hash, scopes=scopes)
        self._session.add(row)
        await self._session.flush()
        await self._session.refresh(row)
        return row

    async def all(self) -> Sequence[ApiKey]:
        """Return every key, the oldest first."""
        return (await self._session.scalars(select(ApiKey).order_by(ApiKey.id))).all()

    async def revoke(self, identifier: str) -> ApiKey:
        """Write down that a key is revoked, if it was not before.

        Raises:
            NotFound: there is no such key.
        """
        row = await self._session.scalar(
            update(ApiKey)
            .where(ApiKey.identifier == identifier)
            .values(revoked_at=func.coalesce(ApiKey.revoked_at, func.now()))
            .returning(ApiKey)
        )
        if row is None:
            raise NotFound(f"There is no API key {identifier[:40]!r}; see `moments keys list`.")
        return row

    async def note_use(self, identifier: str) -> None:
        """Write down that a key was used now."""
        await self._session.execute(
            update(ApiKey).where(ApiKey.identifier == identifier).values(last_used_at=func.now())
        )


_IDLE, _LONGEST = text("interval '12 hours'"), text("interval '7 days'")


def _expires_at() -> ColumnElement[datetime]:
    return func.least(ApiSession.last_used_at + _IDLE, ApiSession.created_at + _LONGEST)


class LiveSession(NamedTuple):
    """A session that has not expired: the hash of its token, the identifier of its key, and its end."""

    token_hash: str
    key: str
    expires_at: datetime


class ApiSessions:
    """Reads and writes of browsers' sessions; they end 12 hours after their last use, and after 7 days."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def insert(self, key: str, token_hash: str) -> datetime:
        """Write a session of a key, forget those that are over, and return when it ends though it is used."""
        await self._session.execute(delete(ApiSession).where(_expires_at() <= func.now()))
        owner = select(ApiKey.id).where(ApiKey.identifier == key).scalar_subquery()
        row = ApiSession(api_key_id=owner, token_hash=token_hash)
        self._session.add(row)
        await self._session.flush()
        end: datetime = (
            await self._session.scalars(select(ApiSession.created_at + _LONGEST).where(ApiSession.id == row.id))
        ).one()
        return end

    async def live(self) -> Sequence[LiveSession]:
        """Return every session that is not over."""
        rows = await self._session.execute(
            select(ApiSession.token_hash, ApiKey.identifier, _expires_at())
            .join(ApiKey, ApiKey.id == ApiSession.api_key_id)
            .where(_expires_at() > func.now())
        )
        return [LiveSession(*row) for row in rows]

    async def note_use(self, token_hash: str) -> None:
        """Write down that a session was used now."""
        await self._session.execute(
            update(ApiSession).where(ApiSession.token_hash == token_hash).values(last_used_at=func.now())
        )

    async def delete(self, token_hash: str) -> None:
        """End a session, if it is there."""
        await self._session.execute(delete(ApiSession).where(ApiSession.token_hash == token_hash))
