"""What became of every item of a backfill, as pages or as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from moments_ray.corpus.api.backfills import Service
from moments_ray.corpus.api.schemas import ItemView
from moments_ray.corpus.queries.items import BackfillItems
from moments_ray.database.session import Database
from moments_ray.http.dependencies import Dependencies, Identifier
from moments_ray.http.paging import After, Limit, cursor_of
from moments_ray.http.problems import problems
from moments_ray.http.schemas.base import Page
from moments_ray.states import BackfillItemStatus

router = APIRouter(prefix="/api/backfills/{backfill_id}/items", tags=["backfills"])

_BATCH = 1000
_CSV = "text/csv; charset=utf-8"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what spreadsheets take for a formula
Statuses = Annotated[list[BackfillItemStatus], Query(max_length=7, description="any of these")]
Code = Annotated[str | None, Query(pattern=r"^[a-z_.]{1,100}$", description="of the error")]


@router.get(
    "",
    response_model=Page[ItemView],
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}, **problems(404)},
)
async def list_backfill_items(
    dependencies: Dependencies,
    service: Service,
    backfill_id: Identifier,
    after: After,
    *,
    status: Statuses = [],  # noqa: B006 - FastAPI copies it
    code: Code = None,
    form: Annotated[
        Literal["json", "csv"], Query(alias="format", description="csv: the whole ledger, not a page")
    ] = "json",
    limit: Limit = 50,
) -> Page[ItemView] | Response:
    """List the items of a backfill in the order of its source."""
    backfill = await service.get(backfill_id)
    database = dependencies.environment.database
    if form == "csv":
        name = f"backfill-{backfill.identifier}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(_table(database, backfill.id, status, code), media_type=_CSV, headers=headers)
    async with database.read() as session:
        rows, following = await BackfillItems(session).page(backfill.id, status, code, after or 0, limit)
    return Page(items=[ItemView.of(row) for row in rows], next_cursor=cursor_of(following))


async def _table(
    database: Database, backfill: int, statuses: list[BackfillItemStatus], code: str | None
) -> AsyncIterator[str]:
    """Yield the ledger as CSV, a batch of rows at a time."""
    names = list(ItemView.model_fields)
    yield _lines([names])
    after: int | None = 0
    while after is not None:
        async with database.read() as session:
            rows, after = await BackfillItems(session).page(backfill, statuses, code, after, _BATCH)
        shown = [ItemView.of(row).model_dump(mode="json") for row in rows]
        yield _lines([[_cell(each[name]) for name in names] for each in shown])


def _cell(value: object) -> object:
    """Return a value that no spreadsheet computes: addresses and messages are written by strangers."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _lines(rows: list[list[object]] | list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
