"""What a backfill found, compared with what users saw before; shown to them, or taken back."""

from __future__ import annotations

from fastapi import APIRouter

from moments_ray.corpus.api.backfills import Service
from moments_ray.corpus.api.schemas import DiffPage, DiffTotals, SetsChanged, VideoDiff
from moments_ray.corpus.diff import differences, totals
from moments_ray.corpus.options import ChangeSets
from moments_ray.corpus.queries.sets import SetsTo
from moments_ray.http.dependencies import Dependencies, Identifier
from moments_ray.http.paging import After, Limit, cursor_of
from moments_ray.http.problems import problems

router = APIRouter(prefix="/api/backfills/{backfill_id}", tags=["backfills"])


@router.get("/diff", responses=problems(404))
async def compare_backfill(
    dependencies: Dependencies, service: Service, backfill_id: Identifier, after: After, limit: Limit = 50
) -> DiffPage:
    """Compare the moments of each video with those that users see, or saw before these were promoted."""
    backfill = await service.get(backfill_id)
    database = dependencies.environment.database
    found = [each async for each in differences(database, backfill.id, after or 0, limit + 1)]
    sums = await totals(database, backfill.id) if after is None else None
    return DiffPage(
        items=[VideoDiff.of_comparison(*each) for each in found[:limit]],
        next_cursor=cursor_of(found[limit - 1][0].item if len(found) > limit else None),
        totals=None if sums is None else DiffTotals(**sums),
    )


@router.post("/promote", status_code=202, responses=problems(404, 409))
async def promote_backfill(service: Service, backfill_id: Identifier, body: ChangeSets | None = None) -> SetsChanged:
    """Have users see what the backfill found, in one transaction a video; asked again, it goes on."""
    return await _changed(service, backfill_id, "promote", body)


@router.post("/rollback", status_code=202, responses=problems(404, 409))
async def roll_back_backfill(service: Service, backfill_id: Identifier, body: ChangeSets | None = None) -> SetsChanged:
    """Have users see again what they saw before, in one transaction a video; asked again, it goes on."""
    return await _changed(service, backfill_id, "rollback", body)


async def _changed(service: Service, backfill_id: str, sets_to: SetsTo, body: ChangeSets | None) -> SetsChanged:
    change = await service.change_sets(backfill_id, sets_to, dry_run=body is not None and body.dry_run)
    return SetsChanged(left=change.left, dry_run=change.dry_run)
