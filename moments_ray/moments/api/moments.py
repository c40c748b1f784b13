"""A video's moments."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from moments_ray.engine.queries.runs import Runs
from moments_ray.http.dependencies import Dependencies, IdempotencyKey, Identifier
from moments_ray.http.problems import problems
from moments_ray.http.schemas.base import Page
from moments_ray.library.api.schemas import VideoStarted
from moments_ray.library.api.starting import STARTS, started
from moments_ray.library.queries.videos import Videos
from moments_ray.moments.api.dependencies import Starting
from moments_ray.moments.api.schemas import AddMoment, EditMoment, MomentView, RevertMoment
from moments_ray.moments.api.views import IfMatch, SetQuery, changed_view, moment_views, tagged_view
from moments_ray.moments.editing import (
    add_moment,
    edit_moment,
    moment_to_change,
    restore,
    revert_to_generated,
    revert_to_step,
    root_of,
    undo_edits,
)
from moments_ray.moments.options import RefineMomentOptions
from moments_ray.moments.queries.moments import Moments
from moments_ray.moments.queries.sets import MomentSets

router = APIRouter(prefix="/api/videos/{video_id}/moments", tags=["moments"])

_DEFAULTS = RefineMomentOptions()
_TO_EDITS = RevertMoment()

Include = Annotated[
    Literal["shown", "all", "deleted"],
    Query(
        description="`all`: also the moments that refined ones stand in the place of; `deleted`: those that can be "
        "restored"
    ),
]
Recut = Annotated[bool, Query(description="also cut its newest clip again, where its edges are others now")]
_RECUT = {"headers": {"Location": {"description": "the run that cuts, with `recut`", "schema": {"type": "string"}}}}
Links = Annotated[bool, Query(description="also links by which the clips and their pictures are read")]


@router.get("", responses=problems(404))
async def list_moments(
    dependencies: Dependencies,
    video_id: Identifier,
    *,
    include: Include = "shown",
    of_set: SetQuery = None,
    links: Links = False,
) -> Page[MomentView]:
    """List a video's moments in time order, a refined one in place of the one it was refined from.

    They are those of the current set, and those that people added.
    """
    async with dependencies.environment.database.read() as session:
        video = await Videos(session).get(video_id)
        if include == "deleted":
            moments = await Moments(session).deleted(video.id)
        else:
            chosen = None if of_set is None else (await MomentSets(session).get(of_set, video.id)).id
            moments = await Moments(session).of_video(video.id, everything=include == "all", set_key=chosen)
        return Page(items=await moment_views(session, video_id, moments, dependencies if links else None))


@router.get("/{moment_id}", responses=problems(404))
async def read_moment(
    dependencies: Dependencies, video_id: Identifier, moment_id: Identifier, response: Response
) -> MomentView:
    """Return a moment."""
    async with dependencies.environment.database.read() as session:
        video = await Videos(session).get(video_id)
        moment = await Moments(session).get(moment_id, video.id)
        return await tagged_view(session, video_id, moment, response)


@router.post("", status_code=201, responses=problems(404))
async def create_moment(
    dependencies: Dependencies, video_id: Identifier, asked: AddMoment, response: Response
) -> MomentView:
    """Add a moment by hand."""
    async with dependencies.environment.database.begin() as session:
        moment = await add_moment(
            session,
            video_id,
            title=asked.title,
            start=asked.start_time,
            end=asked.end_time,
            reason=asked.reason,
        )
        response.headers["Location"] = f"/api/videos/{video_id}/moments/{moment.identifier}"
        return await tagged_view(session, video_id, moment, response)


@router.patch("/{moment_id}", responses={200: _RECUT, **problems(404, 409, 412)})
async def change_moment(
    dependencies: Dependencies,
    starting: Starting,
    video_id: Identifier,
    moment_id: Identifier,
    asked: EditMoment,
    *,
    response: Response,
    recut: Recut = False,
    if_match: IfMatch = None,
) -> MomentView:
    """Change a moment's title or edges; what it was stays in its provenance.

    Clips that were cut for other edges are `stale` from then on. With `recut` the one that was made last is cut again,
    and `Location` names the run; while another run of the video is active nothing is changed, and the answer is 409.
    """
    async with dependencies.environment.database.begin() as session:
        moment = await moment_to_change(session, video_id, moment_id, if_match)
        if recut:
            await Runs(session).require_none_active(video_id)
        await edit_moment(session, moment, title=asked.title, start=asked.start_time, end=asked.end_time)
        changed = await changed_view(session, video_id, moment, response)
    if recut and (outcome := await starting.recut(video_id, moment_id)) is not None and outcome.run is not None:
        response.headers["Location"] = f"/api/runs/{outcome.run.identifier}"
    return changed


@router.post("/{moment_id}/revert", responses=problems(404, 412))
async def undo_moment_changes(
    dependencies: Dependencies,
    video_id: Identifier,
    moment_id: Identifier,
    response: Response,
    *,
    asked: RevertMoment = _TO_EDITS,
    if_match: IfMatch = None,
) -> MomentView:
    """Bring a moment back to what it was: before anybody edited it, as it was generated, or after any of its steps."""
    async with dependencies.environment.database.begin() as session:
        moment = await moment_to_change(session, video_id, moment_id, if_match)
        match asked.to:
            case "edits":
                await undo_edits(session, moment)
            case "generated":
                await revert_to_generated(session, moment)
            case number:
                await revert_to_step(session, moment, number)
        return await changed_view(session, video_id, moment, response)


@router.delete("/{moment_id}", status_code=204, response_class=Response, responses=problems(404, 412))
async def delete_moment(
    dependencies: Dependencies,
    video_id: Identifier,
    moment_id: Identifier,
    *,
    parents: Annotated[
        bool, Query(description="also what it was refined from, which would stand in its place")
    ] = False,
    if_match: IfMatch = None,
) -> Response:
    """Delete a moment and what was refined from it; in the place of a refined one stands its parent again.

    For 30 days it can be restored.
    """
    async with dependencies.environment.database.begin() as session:
        moment = await moment_to_change(session, video_id, moment_id, if_match)
        await Moments(session).delete(await root_of(session, moment) if parents else moment.id)
    return Response(status_code=204)


@router.post("/{moment_id}/restore", responses=problems(404))
async def restore_moment(
    dependencies: Dependencies, video_id: Identifier, moment_id: Identifier, response: Response
) -> MomentView:
    """Bring a deleted moment back, with whatever was deleted together with it; one that is there stays."""
    async with dependencies.environment.database.begin() as session:
        moment = await moment_to_change(session, video_id, moment_id, None, deleted=True)
        await restore(session, moment)
        return await tagged_view(session, video_id, moment, response)


@router.post("/{moment_id}/refine", status_code=202, response_model=VideoStarted, responses=STARTS)
async def refine_moment(
    starting: Starting,
    video_id: Identifier,
    moment_id: Identifier,
    response: Response,
    *,
    options: RefineMomentOptions = _DEFAULTS,
    key: IdempotencyKey = None,
) -> VideoStarted:
    """Have a moment's edges looked at again; what comes of it is a child of the moment."""
    return started(await starting.refinement(video_id, moment_id, options, key), response)
