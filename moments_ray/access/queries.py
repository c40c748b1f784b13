"""API keys, as their hashes."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select, update

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import ApiKey
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
