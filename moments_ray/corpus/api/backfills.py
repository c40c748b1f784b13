"""Backfills: made, looked at, changed, stopped, gone on with."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from moments_ray.corpus.api.schemas import (
    BackfillDetail,
    BackfillEventView,
    BackfillView,
    EstimateView,
    ManifestView,
)
from moments_ray.corpus.manifest import store_manifest
from moments_ray.corpus.options import BackfillChange, BackfillOrder, RetryItems
from moments_ray.corpus.pace import per_hour
from moments_ray.corpus.queries.backfills import Backfills
from moments_ray.corpus.service import BackfillService
from moments_ray.http.body_limit import RouteLimit
from moments_ray.http.dependencies import Dependencies, IdempotencyKey, Identifier
from moments_ray.http.paging import After, AfterEvent, Limit, cursor_of
from moments_ray.http.problems import problems
from moments_ray.http.schemas.base import Page
from moments_ray.library.upload import receive
from moments_ray.states import BackfillStatus

router = APIRouter(prefix="/api/backfills", tags=["backfills"])

_MOST_BYTES = 256 * 1024**2
LIMITS = (
    RouteLimit("/api/backfills", 32 * 1024**2, "upload the list with POST /api/backfills/manifests"),
    RouteLimit("/api/backfills/manifests", _MOST_BYTES, "split the list"),
)
_LOCATION = {"Location": {"description": "the backfill", "schema": {"type": "string"}}}


async def _service(dependencies: Dependencies) -> BackfillService:
    return BackfillService(dependencies.environment, dependencies.run_service)


Service = Annotated[BackfillService, Depends(_service)]


@router.post(
    "",
    status_code=202,
    responses={
        200: {"model": EstimateView, "description": "Of a dry run: what it would come to."},
        202: {"headers": _LOCATION},
        **problems(404),
    },
)
async def create_backfill(
    service: Service, order: BackfillOrder, response: Response, key: IdempotencyKey = None
) -> BackfillView | EstimateView:
    """Have one pipeline work on many videos, so many at a time; workers read the list and start the runs."""
    if order.dry_run:
        response.status_code = 200
        return EstimateView.of(await service.estimate(order))
    backfill = await service.create(order, key)
    response.headers["Location"] = f"/api/backfills/{backfill.identifier}"
    return BackfillView.of(backfill)


@router.post(
    "/manifests",
    status_code=201,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def upload_manifest(
    dependencies: Dependencies, request: Request, kind: Annotated[Literal["txt", "csv", "parquet"], Query()] = "txt"
) -> ManifestView:
    """Upload a list of URLs: text, one a line; or CSV or Parquet, a column of them."""
    with tempfile.TemporaryDirectory(prefix="moments-manifest-") as directory:
        path = Path(directory) / "list"
        await receive(request.stream(), path, _MOST_BYTES)
        name = await store_manifest(dependencies.environment.store, path, f".{kind}")
        return ManifestView(manifest=name, bytes=path.stat().st_size)


@router.get("")
async def list_backfills(
    dependencies: Dependencies,
    after: After,
    *,
    status: Annotated[list[BackfillStatus], Query(max_length=7, description="any of these")] = [],  # noqa: B006 - FastAPI copies it
    limit: Limit = 50,
) -> Page[BackfillView]:
    """List backfills, the newest first."""
    async with dependencies.environment.database.read() as session:
        page = await Backfills(session).page(status, after, limit)
    return Page(items=[BackfillView.of(row) for row in page.rows], next_cursor=cursor_of(page.next_key))


@router.get("/{backfill_id}", responses=problems(404))
async def read_backfill(dependencies: Dependencies, service: Service, backfill_id: Identifier) -> BackfillDetail:
    """Return a backfill, how many of its items stand how, and how fast it goes."""
    backfill = await service.get(backfill_id)
    return BackfillDetail.of_pace(backfill, await per_hour(dependencies.environment.database, backfill))


@router.patch("/{backfill_id}", responses=problems(404))
async def change_backfill(service: Service, backfill_id: Identifier, change: BackfillChange) -> BackfillView:
    """Change how many runs are in flight, their priority, or the budget; it counts for what is started from now on."""
    return BackfillView.of(await service.change(backfill_id, change))


@router.delete("/{backfill_id}", status_code=204, response_class=Response, responses=problems(404))
async def delete_backfill(service: Service, backfill_id: Identifier) -> Response:
    """Delete a backfill and its ledger, stopped first if it goes on; its runs and what they made stay."""
    await service.delete(backfill_id)
    return Response(status_code=204)


@router.get("/{backfill_id}/events", responses=problems(404))
async def list_backfill_events(
    dependencies: Dependencies, service: Service, backfill_id: Identifier, after: AfterEvent = None, limit: Limit = 100
) -> Page[BackfillEventView]:
    """Return what happened in a backfill; with ``next_cursor`` as ``after`` comes what follows."""
    backfill = await service.get(backfill_id)
    async with dependencies.environment.database.read() as session:
        events = await Backfills(session).events(backfill.id, after or 0, limit)
    over = BackfillStatus(backfill.status).finished and (not events or events[-1].seq >= backfill.event_seq)
    reached = events[-1].seq if events else after or 0
    return Page(items=[BackfillEventView.of(each) for each in events], next_cursor=None if over else str(reached))


@router.post("/{backfill_id}/pause", status_code=202, responses=problems(404, 409))
async def pause_backfill(service: Service, backfill_id: Identifier) -> BackfillView:
    """Start nothing more for now; runs under way end."""
    return BackfillView.of(await service.pause(backfill_id))


@router.post("/{backfill_id}/resume", status_code=202, responses=problems(404, 409))
async def resume_backfill(service: Service, backfill_id: Identifier) -> BackfillView:
    """Go on with a backfill that is paused; where a budget is spent, raise that first."""
    return BackfillView.of(await service.resume(backfill_id))


@router.post("/{backfill_id}/cancel", status_code=202, responses=problems(404, 409))
async def cancel_backfill(service: Service, backfill_id: Identifier) -> BackfillView:
    """Start nothing more, and stop the runs under way."""
    return BackfillView.of(await service.cancel(backfill_id))


@router.post("/{backfill_id}/retry", status_code=202, responses=problems(404, 409))
async def retry_backfill(service: Service, backfill_id: Identifier, body: RetryItems | None = None) -> BackfillView:
    """Start the failed items again, those with a code if any is given; nothing else is touched."""
    return BackfillView.of(await service.retry(backfill_id, body.codes if body is not None else None))
