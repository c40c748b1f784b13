"""Who agreed to be seen, and everything that was ever said about it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import Asset, Consent, ConsentEvent, Project, Run
from moments_ray.errors import NotFound

REVOKED = "revoked"
"""What an event says of consent that was taken back."""


class Consents:
    """Reads and writes of consent."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def get(self, asset: Asset) -> Consent | None:
        """Return an asset's consent, None before anybody said anything."""
        return (await self._session.scalars(select(Consent).where(Consent.asset_id == asset.id))).one_or_none()

    async def of_project(self, project: str) -> Consent | None:
        """Return the consent that a project needs, by its identifier."""
        query = select(Consent).join(Project, Project.asset_id == Consent.asset_id)
        return (await self._session.scalars(query.where(Project.identifier == project))).one_or_none()

    async def document(self, name: str) -> str:
        """Return the object of a document by its name in /media/consent/.

        Raises:
            NotFound: there is none.
        """
        found = await self._session.scalar(select(Consent.document_url).where(Consent.document_name == name))
        if found is None:
            raise NotFound("There is no such file.")
        return found

    async def change(self, asset: Asset, *, who: str, what: str, sha256: str | None = None, **values: Any) -> Consent:
        """Change an asset's consent, and write down who did what."""
        statement = insert(Consent).values(asset_id=asset.id, **values)
        await self._session.execute(statement.on_conflict_do_update(index_elements=[Consent.asset_id], set_=values))
        await self._session.execute(insert(ConsentEvent).values(asset_id=asset.id, who=who, what=what, sha256=sha256))
        return (await self._session.scalars(select(Consent).where(Consent.asset_id == asset.id))).one()

    async def stopped(self, project_key: int, run: Run) -> bool:
        """Tell whether consent was taken back while a run of a project was under way, and that is what stopped it."""
        if run.cancel_requested_at is None:
            return False
        taken_back = ConsentEvent.created_at.between(run.queued_at, run.cancel_requested_at)
        assets = select(Project.asset_id).where(Project.id == project_key)
        found = exists().where(ConsentEvent.asset_id.in_(assets), ConsentEvent.what == REVOKED, taken_back)
        return bool(await self._session.scalar(select(found)))

    async def events(self, asset: Asset) -> list[ConsentEvent]:
        """Return all that was said about an asset's consent, the oldest first."""
        query = select(ConsentEvent).where(ConsentEvent.asset_id == asset.id).order_by(ConsentEvent.id)
        return list(await self._session.scalars(query))
