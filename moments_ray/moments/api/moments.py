"""A video's moments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import MomentRow
from moments_ray.http.dependencies import Dependencies, IdempotencyKey, Identifier
from moments_ray.http.problems import problems
from moments_ray.http.schemas.base import Page
from moments_ray.library.api.schemas import VideoStarted
from moments_ray.library.api.starting import STARTS, started
from moments_ray.library.queries.videos import Videos
from moments_ray.moments.api.dependencies import Starting
from moments_ray.moments.api.schemas import AddMoment, EditMoment, MomentView
from moments_ray.moments.editing import add_moment, edit_moment, revert_moment
from moments_ray.moments.options import RefineMomentOptions
from moments_ray.moments.queries.clips import ClipQueries
from moments_ray.moments.queries.moments import Moments

router = APIRouter(prefix="/api/videos/{video_id}/moments", tags=["moments"])

_DEFAULTS = RefineMomentOptions()

Include = Annotated[
    Literal["shown", "all"], Query(description="`all`: also the moments that refined ones stand in the place of")
]


@router.get("", responses=problems(404))
async def list_moments(
    dependencies: Dependencies, video_id: Identifier, include: Include = "shown"
) -> Page[MomentView]:
    """List a video's moments in time order, a refined one in place of the one it was refined from."""
    async with dependencies.environment.database.read() as session:
        video = await Videos(session).get(video_id)
        moments = await Moments(session).of_video(video.id, everything=include == "all")
        return Page(items=await views(session, video_id, moments))


@router.get("/{moment_id}", responses=problems(404))
async def read_moment(dependencies: Dependencies, video_id: Identifier, moment_id: Identifier) -> MomentView:
    """Return a moment."""
    async with dependencies.environment.database.read() as session:
        video = await Videos(session).get(video_id)
        moment = await Moments(session).get(moment_id, video.id)
        return (await views(session, video_id, [moment]))[0]


@router.post("", status_code=201, responses=problems(404))
async def create_moment(
    dependencies: Dependencies, video_id: Identifier, options: AddMoment, response: Response
) -> MomentView:
    """Add a moment by hand."""
    async with dependencies.environment.database.begin() as session:
        moment = await add_moment(
            session,
            video_id,
            title=options.title,
            start=options.start_time,
            end=options.end_time,
            reason=options.reason,
        )
        response.headers["Location"] = f"/api/videos/{video_id}/moments/{moment.identifier}"
        return (await views(session, video_id, [moment]))[0]


@router.patch("/{moment_id}", responses=problems(404))
async def change_moment(
    dependencies: Dependencies, video_id: Identifier, moment_id: Identifier, options: EditMoment
) -> MomentView:
    """Change a moment's title or edges; what it was stays in its provenance."""
    async with dependencies.environment.database.begin() as session:
        moment = await edit_moment(
            session, video_id, moment_id, title=options.title, start=options.start_time, end=options.end_time
        )
        return (await views(session, video_id, [moment]))[0]


@router.post("/{moment_id}/revert", responses=problems(404))
async def undo_moment_changes(dependencies: Dependencies, video_id: Identifier, moment_id: Identifier) -> MomentView:
    """Bring a moment back to what it was before anybody changed it."""
    async with dependencies.environment.database.begin() as session:
        moment = await revert_moment(session, video_id, moment_id)
        return (await views(session, video_id, [moment]))[0]


@router.delete("/{moment_id}", status_code=204, response_class=Response, responses=problems(404))
async def delete_moment(dependencies: Dependencies, video_id: Identifier, moment_id: Identifier) -> Response:
    """Delete a moment and what was refined from it; in the place of a refined one stands its parent again."""
    async with dependencies.environment.database.begin() as session:
        video = await Videos(session).get(video_id)
        await Moments(session).delete((await Moments(session).get(moment_id, video.id)).id)
    return Response(status_code=204)


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


async def views(session: ReadSession | WriteSession, video: str, moments: Sequence[MomentRow]) -> list[MomentView]:
    """Show moments of a video with their clips and parents."""
    clips = await ClipQueries(session).clips_of([moment.id for moment in moments])
    parents = await Moments(session).identifiers([each.parent_id for each in moments if each.parent_id is not None])
    return [MomentView.of(moment, video, parents, clips[moment.id]) for moment in moments]
