"""Backfills as periodic tasks would have written them: asked for by the API, and brought to where items have ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
from sqlalchemy import update

from moments_ray.database.tables import Backfill, BackfillItem
from moments_ray.errors import DownloadPrivate
from moments_ray.states import BackfillItemStatus, BackfillStatus
from tests.browser.shelf import Shelf

ENDED = BackfillItemStatus.COMPLETED
_SECONDS = 38.0


class BackfillShelf:
    """Asks for backfills by the API, and brings them on."""

    def __init__(self, shelf: Shelf, url: str) -> None:
        self._shelf = shelf
        self._url = f"{url}/api/backfills"

    def ask(self, name: str) -> str:
        """Ask for a backfill of two videos, and return its identifier; nothing works on it."""
        order = {"name": f"Talks, {name}", "source": {"urls": [f"https://example.org/{name}-{n}.mp4" for n in (1, 2)]}}
        answer = httpx.post(self._url, json=order).raise_for_status()
        return str(answer.json()["identifier"])

    def tell(self, backfill: str, action: str) -> None:
        """Pause or cancel it."""
        httpx.post(f"{self._url}/{backfill}/{action}").raise_for_status()

    async def bring_on(self, backfill: str, status: BackfillStatus, counts: dict[BackfillItemStatus, int]) -> None:
        """Have so many of its items stand like that, in this order, and the whole of it, too."""
        began = datetime.now(UTC) - timedelta(minutes=20)
        standing = [one for one, count in counts.items() for _ in range(count)]
        async with self._shelf.database.begin() as session:
            values = {
                "status": status,
                "counts": {one.value: count for one, count in counts.items()},
                "started_at": began,
                "media_seconds": 1260.0 * counts.get(ENDED, 0),
            }
            row = update(Backfill).where(Backfill.identifier == backfill).values(values).returning(Backfill.id)
            number = (await session.execute(row)).scalar_one()
            session.add_all(_item(number, line, one) for line, one in enumerate(standing, 1))


def _item(backfill: int, line: int, status: BackfillItemStatus) -> BackfillItem:
    item = BackfillItem(
        backfill_id=backfill, line=line, source=f"https://example.org/talks/{2000 + line}.mp4", status=status
    )
    if status in (ENDED, BackfillItemStatus.FAILED):
        item.tries, item.seconds, item.ended_at = 1, _SECONDS + line, datetime.now(UTC)
    if status == BackfillItemStatus.FAILED:
        item.error_code, item.error = DownloadPrivate.code, "The video is private."
    return item
