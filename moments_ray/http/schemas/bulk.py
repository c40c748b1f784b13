"""What is done to many at once, and what came of each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

from pydantic import Field

from moments_ray.errors import MomentsError
from moments_ray.http.schemas.base import Shape

MOST = 1000
Identifiers = Annotated[
    list[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]], Field(min_length=1, max_length=MOST)
]


class BulkOutcome(Shape):
    """What came of one of many."""

    identifier: str
    done: bool
    run: str | None = Field(None, description="that works on it now")
    code: str | None = Field(None, description="of the error, where it was not done")
    message: str | None = None


class BulkResult(Shape):
    """What came of each, in the order in which they were named."""

    items: list[BulkOutcome]
    done: int
    failed: int


async def each_of(identifiers: Sequence[str], act: Callable[[str], Awaitable[str | None]]) -> BulkResult:
    """Do something to each, one after another, and tell of each what came of it; ``act`` returns the run it came to."""
    items = []
    for identifier in dict.fromkeys(identifiers):
        try:
            items.append(BulkOutcome(identifier=identifier, done=True, run=await act(identifier)))
        except MomentsError as error:
            items.append(BulkOutcome(identifier=identifier, done=False, code=error.code, message=error.message))
    done = sum(item.done for item in items)
    return BulkResult(items=items, done=done, failed=len(items) - done)
