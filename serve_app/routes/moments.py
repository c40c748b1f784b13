"""A video's moments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from moments_ray.database.repositories.moments import Moments
from moments_ray.database.repositories.pictures import Pictures
from moments_ray.database.repositories.videos import Videos
from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import MomentRow
from serve_app.parts import Identifier, Parts
from serve_app.problems import problems
from serve_app.schemas.base import Page
from serve_app.schemas.moments import MomentView

router = APIRouter(prefix="/api/videos/{video_id}/moments", tags=["moments"])

Include = Annotated[
    Literal["shown", "all"], Query(description="`all`: also the moments that refined ones stand in the place of")
]


@router.get("", responses=problems(404))
async def list_moments(parts: Parts, video_id: Identifier, include: Include = "shown") -> Page[MomentView]:
    """List a video's moments in time order, a refined one in place of the one it was refined from."""
    async with parts.environment.database.read() as session:
        video = await Videos(session).get(video_id)
        moments = await Moments(session).of_video(video.id, everything=include == "all")
        return Page(items=await views(session, video_id, moments))


@router.get("/{moment_id}", responses=problems(404))
async def read_moment(parts: Parts, video_id: Identifier, moment_id: Identifier) -> MomentView:
    """Return a moment."""
    async with parts.environment.database.read() as session:
        video = await Videos(session).get(video_id)
        moment = await Moments(session).get(moment_id, video.id)
        return (await views(session, video_id, [moment]))[0]


async def views(session: ReadSession | WriteSession, video: str, moments: Sequence[MomentRow]) -> list[MomentView]:
    """Show moments of a video with their clips and parents."""
    clips = await Pictures(session).clips_of([moment.id for moment in moments])
    parents = await Moments(session).identifiers([each.parent_id for each in moments if each.parent_id is not None])
    return [MomentView.of(moment, video, parents, clips[moment.id]) for moment in moments]
