"""What still points at the objects of an ad."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from sqlalchemy import select

from moments_ray.database.tables import AdRow
from moments_ray.engine.queries.references import References


class AdReferences(References):
    """Reads of what points at the objects of ads: their rows, beside their runs."""

    pointers: ClassVar[str] = "UNION ALL SELECT request::text FROM ads WHERE identifier = :subject"

    async def existing(self, subjects: Sequence[str]) -> set[str]:
        """Return those of the identifiers that are of ads."""
        return set(await self._session.scalars(select(AdRow.identifier).where(AdRow.identifier.in_(subjects))))
