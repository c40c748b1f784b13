"""What was given up, for those who run the deployment: looked through, retried, cleared."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from moments_ray.http.dependencies import Dependencies, Identifier
from moments_ray.http.paging import Limit
from moments_ray.http.problems import problems
from moments_ray.http.schemas.base import Page
from moments_ray.http.schemas.dead_letters import Cleared, DeadView
from moments_ray.http.schemas.runs import RunView

router = APIRouter(prefix="/api/admin/dead", tags=["admin"])

AfterEntry = Annotated[
    str | None, Query(pattern=r"^[1-9][0-9]{0,14}-[0-9]{1,15}$", description="`next_cursor` of the page before")
]


@router.get("")
async def list_dead(dependencies: Dependencies, cursor: AfterEntry = None, limit: Limit = 50) -> Page[DeadView]:
    """List what was given up, the newest first, each with its reason and its run as it stands now."""
    page = await dependencies.dead.page(cursor, limit)
    items = [DeadView.of(letter, page.runs.get(letter.run or "")) for letter in page.letters]
    return Page(items=items, next_cursor=page.next_id)


@router.post("/{id}/retry", status_code=202, responses=problems(404, 409))
async def retry_dead(dependencies: Dependencies, id: Identifier, response: Response) -> RunView:  # noqa: A002 - its name outside
    """Continue the run of an entry, or the run of this identifier, from its failed stage or items."""
    run = await dependencies.dead.retry(id)
    response.headers["Location"] = f"/api/runs/{run.identifier}"
    return RunView.of(run)


@router.delete("")
async def clear_dead(dependencies: Dependencies) -> Cleared:
    """Forget what was given up; the runs and their errors stay in the history."""
    return Cleared(cleared=await dependencies.dead.clear())
