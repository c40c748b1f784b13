"""Lists by pages: an opaque cursor goes out with one and comes back for the next."""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query

from moments_ray.database.paging import Order, OrderedPage, Place, Total
from moments_ray.errors import InvalidRequest
from moments_ray.http.schemas.base import CountedPage

T = TypeVar("T")

_LARGEST_KEY = 2**63 - 1


def cursor_of(key: int | None) -> str | None:
    """Return the cursor of the page that begins after a key."""
    return None if key is None else base64.urlsafe_b64encode(str(key).encode()).decode().rstrip("=")


async def _after(
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before", max_length=64)] = None,
) -> int | None:
    if cursor is None:
        return None
    try:
        key = int(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, UnicodeError):
        key = -1
    if not 0 <= key <= _LARGEST_KEY:
        raise InvalidRequest("This cursor is not one that a list gave: leave it out to begin again.")
    return key


def counted(items: Sequence[T], sort: str, page: OrderedPage[Any], total: Total) -> CountedPage[T]:
    """Return the answer of a sorted list: what is shown of a page's rows, where the next one begins, and the count."""
    next_cursor = _cursor_of_place(sort, page.end)
    return CountedPage(items=list(items), next_cursor=next_cursor, total=total.count, total_is_exact=total.exact)


def _cursor_of_place(sort: str, place: Place | None) -> str | None:
    """Return the cursor of the page that begins after a place in a list that is sorted so."""
    if place is None:
        return None
    text = json.dumps([sort, place.value, place.key], ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(cursor: str | None, sort: str, order: Order) -> Place | None:
    """Return the place that a cursor names.

    Raises:
        InvalidRequest: no list gave it, or one that was sorted otherwise.
    """
    if cursor is None:
        return None
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
        named, value, key = json.loads(text)
        if named == sort and type(key) is int and 0 <= key <= _LARGEST_KEY:
            return Place(_checked_value(value, order.kind), key)
    except (ValueError, TypeError, RecursionError, binascii.Error):
        pass
    raise _no_cursor()


def _checked_value(value: object, kind: type[int] | type[float] | type[str]) -> int | float | str:
    if kind is str and isinstance(value, str) and "\0" not in value:
        return value
    if kind is float and isinstance(value, float) and math.isfinite(value):
        return value
    if kind is int and type(value) is int and abs(value) <= _LARGEST_KEY:
        return value
    raise ValueError


def _no_cursor() -> InvalidRequest:
    return InvalidRequest("This cursor is not one that a list gave: leave it out to begin again.")


def last_event(text: str) -> int:
    """Return the number that a stream gave as the id of an event.

    Raises:
        InvalidRequest: none did.
    """
    if not (text.isascii() and text.isdecimal() and len(text) < len(str(_LARGEST_KEY))):
        raise InvalidRequest("Last-Event-ID: this is not one that the stream gave.")
    return int(text)


SSE = "text/event-stream"
AfterEvent = Annotated[
    int | None, Query(ge=0, le=_LARGEST_KEY, description="the number of the last event that is known")
]
Cursor = Annotated[
    str | None, Query(description="`next_cursor` of the page before", max_length=16_384, pattern="^[A-Za-z0-9_-]*$")
]
After = Annotated[int | None, Depends(_after)]
Limit = Annotated[int, Query(ge=1, le=200, description="entries a page")]
