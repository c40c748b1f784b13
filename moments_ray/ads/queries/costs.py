"""What an ad cost so far: the receipts that its runs noted before and after every paid call."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import select

from moments_ray.ads.money import RECEIPT, Receipt
from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import AdRow, Run, RunNote


class AdCosts:
    """Reads of what ads may cost, and did."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def budget(self, ad: str) -> Decimal:
        """Return what an ad may cost, in US dollars; nothing where it is unknown."""
        return await self._session.scalar(select(AdRow.budget_usd).where(AdRow.identifier == ad)) or Decimal()

    async def receipts(self, ads: Sequence[str]) -> dict[str, list[Receipt]]:
        """Return the receipts of ads in the order in which they were written, by the ads' identifiers."""
        query = (
            select(Run.subject, RunNote.value)
            .join(Run, Run.id == RunNote.run_id)
            .where(Run.subject.in_(ads), RunNote.key.startswith(RECEIPT, autoescape=True))
            .order_by(RunNote.written_at)
        )
        found: dict[str, list[Receipt]] = {ad: [] for ad in ads}
        for ad, value in await self._session.execute(query):
            found[ad].append(Receipt.model_validate(value))
        return found
