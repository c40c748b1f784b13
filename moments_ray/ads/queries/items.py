"""What earlier runs of an ad made and another run need not make again."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel
from sqlalchemy import select

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import Run, RunItem
from moments_ray.engine import Item
from moments_ray.states import StageStatus

T = TypeVar("T", bound=BaseModel)


class StandingItems:
    """Reads of items of the runs about an ad."""

    def __init__(self, session: ReadSession | WriteSession, ad: str) -> None:
        self._session = session
        self._ad = ad

    async def output(self, stage: str, item: Item, gives: type[T]) -> T | None:
        """Return what the newest run gave for an item that is the same in all that it was asked for."""
        found = await self._session.scalar(
            select(RunItem.output)
            .join(Run, Run.id == RunItem.run_id)
            .where(
                Run.subject == self._ad,
                RunItem.stage == stage,
                RunItem.key == item.key,
                RunItem.status == StageStatus.COMPLETED,
                RunItem.spec == item.model_dump(mode="json"),
            )
            .order_by(Run.id.desc())
            .limit(1)
        )
        return None if found is None else gives.model_validate(found)
