"""What all shapes share."""

from __future__ import annotations

from typing import Generic, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

T = TypeVar("T")


class Shape(BaseModel):
    """A frozen answer; times are RFC 3339 UTC, media positions seconds from the start of the source."""

    model_config = ConfigDict(frozen=True)


class RequestBody(BaseModel):
    """A frozen request body; an unknown field is an error and not ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Page(Shape, Generic[T]):
    """Some entries of a list; with ``next_cursor`` as ``cursor`` come the next ones."""

    items: list[T]
    next_cursor: str | None = None


class CountedPage(Page[T], Generic[T]):
    """Some entries of a list, and how many there are of what was asked for."""

    total: int
    total_is_exact: bool = Field(description="false: there are more; beyond 100,000 nobody counts on")


class SignedLink(Shape):
    """A link that reads one object until it expires, for whoever has it."""

    url: str
    expires_at: AwareDatetime = Field(description="ask for another one before")
