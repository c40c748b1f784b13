"""Pages of rows, the newest first; a page begins after the key that the last one ended with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute

from moments_ray.database.session import ReadSession, WriteSession

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows, and the key after which the next page begins; None where there is none."""

    rows: Sequence[T]
    next_key: int | None


async def page_of(
    session: ReadSession | WriteSession,
    query: Select[tuple[T]],
    key: InstrumentedAttribute[int],
    after: int | None,
    limit: int,
) -> Page[T]:
    """Return the page of a query that begins after a key, by descending ``key``."""
    if after is not None:
        query = query.where(key < after)
    rows = list(await session.scalars(query.order_by(key.desc()).limit(limit + 1)))
    more = len(rows) > limit
    return Page(rows[:limit], getattr(rows[limit - 1], key.key) if more else None)
