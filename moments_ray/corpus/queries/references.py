"""What still points at manifests."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from moments_ray.database.tables import Backfill
from moments_ray.engine.queries.references import References


class ManifestReferences(References):
    """Reads of what points at manifests: the backfills that read them."""

    async def existing(self, subjects: Sequence[str]) -> set[str]:
        """Return those of the digests whose manifest a backfill reads."""
        names = await self._session.scalars(
            select(Backfill.source["manifest"].astext).where(Backfill.source.has_key("manifest"))
        )
        return {name.split("/")[1] for name in names} & set(subjects)

    async def only_of_video(self, subjects: Sequence[str], video: str) -> list[str]:  # noqa: ARG002 - as its base
        """Return none: a manifest is of no video."""
        return []
