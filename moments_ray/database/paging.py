"""Pages of rows; a page begins after the place where the last one ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from moments_ray.database.session import ReadSession, WriteSession

T = TypeVar("T")

_COUNTED = 100_000


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows, and the key after which the next page begins; None where there is none."""

    rows: Sequence[T]
    next_key: int | None


@dataclass(frozen=True)
class Order:
    """An order of rows by an expression that is never null, then by their keys; ``kind`` is the expression's type."""

    by: ColumnElement[Any]
    kind: type[int] | type[float] | type[str]
    descending: bool = True


@dataclass(frozen=True)
class Place:
    """Where a page ended: the last row's value in the order, and its key."""

    value: int | float | str
    key: int


@dataclass(frozen=True)
class OrderedPage(Generic[T]):
    """Some rows, and where the page ended unless it is the last one."""

    rows: Sequence[T]
    end: Place | None


@dataclass(frozen=True)
class Total:
    """How many rows there are; beyond 100,000 nobody counts on, and it is no longer ``exact``."""

    count: int
    exact: bool


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


async def ordered_page_of(
    session: ReadSession | WriteSession,
    query: Select[tuple[T]],
    key: InstrumentedAttribute[int],
    order: Order,
    *,
    after: Place | None,
    limit: int,
) -> OrderedPage[T]:
    """Return the page of a query that begins after a place, in an order."""
    if after is not None:
        beyond, tied = (
            (order.by < after.value, key < after.key) if order.descending else (order.by > after.value, key > after.key)
        )
        query = query.where(or_(beyond, and_(order.by == after.value, tied)))
    direction = (order.by.desc(), key.desc()) if order.descending else (order.by.asc(), key.asc())
    rows = (await session.execute(query.add_columns(order.by).order_by(*direction).limit(limit + 1))).all()
    shown = [row[0] for row in rows[:limit]]
    if len(rows) <= limit:
        return OrderedPage(shown, None)
    return OrderedPage(shown, Place(order.kind(rows[limit - 1][1]), getattr(shown[-1], key.key)))


async def count_of(session: ReadSession | WriteSession, query: Select[Any]) -> Total:
    """Return how many rows a query has."""
    within = query.limit(_COUNTED + 1).subquery()
    count = await session.scalar(select(func.count()).select_from(within)) or 0
    return Total(min(count, _COUNTED), count <= _COUNTED)
