"""Lists by pages: an opaque cursor goes out with one and comes back for the next."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from fastapi import Depends, Query

from moments_ray.errors import InvalidRequest

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


After = Annotated[int | None, Depends(_after)]
Limit = Annotated[int, Query(ge=1, le=200, description="entries a page")]
