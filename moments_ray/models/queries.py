"""What operators changed in the registry of models."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import ModelEntryRow

_LOCK = 0x6D6F64656C73  # "models"


class ModelEntries:
    """Reads and writes of model entries."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def lock(self) -> None:
        """Keep everybody else from changing or publishing the registry until the transaction ends."""
        await self._session.execute(select(func.pg_advisory_xact_lock(_LOCK)))

    async def all(self) -> dict[str, dict[str, Any]]:
        """Return what was changed, by key."""
        rows = await self._session.scalars(select(ModelEntryRow).execution_options(populate_existing=True))
        return {row.key: row.entry for row in rows}

    async def put(self, key: str, entry: dict[str, Any]) -> None:
        """Write an entry."""
        statement = insert(ModelEntryRow).values(key=key, entry=entry)
        changed = {"entry": statement.excluded.entry, "updated_at": func.now()}
        await self._session.execute(statement.on_conflict_do_update(index_elements=[ModelEntryRow.key], set_=changed))

    async def delete(self, key: str) -> None:
        """Forget an entry."""
        await self._session.execute(delete(ModelEntryRow).where(ModelEntryRow.key == key))
