"""Reads and writes of ads, with their newest runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, func, select

from moments_ray.database.paging import Page, Total, count_of, page_of
from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import AdRow, Run, RunStage
from moments_ray.errors import NotFound
from moments_ray.states import RunStatus, StageStatus


@dataclass(frozen=True)
class AdFilter:
    """Which ads: by how their newest runs stand, and by style; what is empty is any."""

    statuses: Sequence[RunStatus] = ()
    styles: Sequence[str] = ()


class Ads:
    """Reads and writes of ads."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def create(self, **values: Any) -> AdRow:
        """Write a new ad."""
        ad = AdRow(**values)
        self._session.add(ad)
        await self._session.flush()
        await self._session.refresh(ad)
        return ad

    async def get(self, identifier: str, *, lock: bool = False) -> AdRow:
        """Return an ad, locked until the transaction ends where that is asked.

        Raises:
            NotFound: there is none of this identifier.
        """
        query = select(AdRow).where(AdRow.identifier == identifier)
        found = await self._session.scalar(query.with_for_update() if lock else query)
        if found is None:
            raise NotFound(f"There is no ad {identifier[:64]}.")
        return found

    async def find(self, identifier: str) -> AdRow | None:
        """Return an ad, None where there is none."""
        found: AdRow | None = await self._session.scalar(select(AdRow).where(AdRow.identifier == identifier))
        return found

    async def newest_runs(self, ads: Sequence[AdRow]) -> Mapping[str, Run]:
        """Return the newest run of each ad, by the ads' identifiers."""
        subjects = [ad.identifier for ad in ads]
        newest = select(func.max(Run.id)).where(Run.subject.in_(subjects)).group_by(Run.subject)
        return {run.subject: run for run in await self._session.scalars(select(Run).where(Run.id.in_(newest)))}

    async def newest_stages(self, ads: Sequence[str]) -> dict[str, dict[str, RunStage]]:
        """Return the stages of ads by their names, each of the newest run that began it, by the ads' identifiers."""
        found: dict[str, dict[str, RunStage]] = {ad: {} for ad in ads}
        query = select(Run.subject, RunStage).join(Run, Run.id == RunStage.run_id).where(Run.subject.in_(ads))
        for ad, stage in await self._session.execute(query.order_by(Run.id)):
            found[ad][stage.name] = stage
        return found

    async def newest_output(self, ad: str, stage: str) -> dict[str, Any] | None:
        """Return what the newest run that came through a stage gave, None where none did."""
        found: dict[str, Any] | None = await self._session.scalar(
            select(RunStage.output)
            .join(Run, Run.id == RunStage.run_id)
            .where(Run.subject == ad, RunStage.name == stage, RunStage.status == StageStatus.COMPLETED)
            .order_by(Run.id.desc())
            .limit(1)
        )
        return found

    async def page(self, wanted: AdFilter, after: int | None, limit: int) -> Page[AdRow]:
        """Return ads, the newest first."""
        return await page_of(self._session, _wanted(wanted), AdRow.id, after, limit)

    async def total(self, wanted: AdFilter) -> Total:
        """Return how many there are."""
        return await count_of(self._session, _wanted(wanted).with_only_columns(AdRow.id))

    async def delete(self, ad: AdRow) -> list[str]:
        """Delete an ad with its runs, and return the identifiers of those."""
        runs = list(await self._session.scalars(select(Run.identifier).where(Run.subject == ad.identifier)))
        await self._session.execute(delete(Run).where(Run.subject == ad.identifier))
        await self._session.execute(delete(AdRow).where(AdRow.id == ad.id))
        return runs


def _wanted(wanted: AdFilter) -> Select[tuple[AdRow]]:
    query = select(AdRow)
    if wanted.styles:
        query = query.where(AdRow.style.in_(wanted.styles))
    if wanted.statuses:
        newest = select(func.max(Run.id)).where(Run.subject == AdRow.identifier).correlate(AdRow).scalar_subquery()
        query = query.join(Run, Run.id == newest).where(Run.status.in_(wanted.statuses))
    return query
