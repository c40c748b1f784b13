"""Finding words in every video."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AfterValidator

from moments_ray.http.dependencies import Dependencies
from moments_ray.http.paging import After, Limit, cursor_of
from moments_ray.http.schemas.base import Page
from moments_ray.http.schemas.options import storable
from moments_ray.library.api.schemas import HitView
from moments_ray.library.queries.search import Search

router = APIRouter(prefix="/api/search", tags=["search"])

Words = Annotated[
    str,
    Query(
        min_length=1,
        max_length=500,
        description='all of these words; "a phrase" in quotes, -without, one or another',
        examples=["coral reef"],
    ),
    AfterValidator(storable),
]


@router.get("")
async def search_videos(dependencies: Dependencies, q: Words, after: After, limit: Limit = 50) -> Page[HitView]:
    """Find words in titles and in what was said, with the time at which it was; the best comes first."""
    offset = after or 0
    async with dependencies.environment.database.read() as session:
        hits = await Search(session).hits(q, offset, limit + 1)
    following = offset + limit if len(hits) > limit else None
    return Page(items=[HitView.of(hit) for hit in hits[:limit]], next_cursor=cursor_of(following))
