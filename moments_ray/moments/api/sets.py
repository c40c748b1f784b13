"""Sets of a video's moments: one a generation; users see the current one."""

from __future__ import annotations

from fastapi import APIRouter

from moments_ray.http.dependencies import Dependencies, Identifier
from moments_ray.http.problems import problems
from moments_ray.http.schemas.base import Page
from moments_ray.library.queries.videos import Videos
from moments_ray.moments.api.schemas import MomentSetView
from moments_ray.moments.queries.sets import MomentSets

router = APIRouter(prefix="/api/videos/{video_id}/moment-sets", tags=["moments"])


@router.get("", responses=problems(404))
async def list_moment_sets(dependencies: Dependencies, video_id: Identifier) -> Page[MomentSetView]:
    """List what was generated for a video, the newest first; what a run finds becomes the current set."""
    async with dependencies.environment.database.read() as session:
        video = await Videos(session).get(video_id)
        return Page(items=[MomentSetView.of(entry) for entry in await MomentSets(session).of_video(video.id)])


@router.post("/rollback", responses=problems(404, 409))
async def roll_back_moment_set(dependencies: Dependencies, video_id: Identifier) -> MomentSetView:
    """Have users see the set again that they saw before the current one."""
    async with dependencies.environment.database.begin() as session:
        video = await Videos(session).get(video_id)
        sets = MomentSets(session)
        before = await sets.before_current(video.id)
        await sets.promote(before)
        return MomentSetView.of(await sets.entry(before))


@router.post("/{set_id}/promote", responses=problems(404))
async def promote_moment_set(dependencies: Dependencies, video_id: Identifier, set_id: Identifier) -> MomentSetView:
    """Have users see a set in place of the current one; lists, search and exports follow."""
    async with dependencies.environment.database.begin() as session:
        video = await Videos(session).get(video_id)
        sets = MomentSets(session)
        chosen = await sets.get(set_id, video.id)
        await sets.promote(chosen)
        return MomentSetView.of(await sets.entry(chosen))
