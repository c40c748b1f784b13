"""Clips of a video as one file to save."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from moments_ray.errors import NotFound
from moments_ray.http.dependencies import Dependencies, Identifier
from moments_ray.http.problems import problems
from moments_ray.http.zip_stream import ZipEntry, zip_pieces
from moments_ray.library.queries.videos import Videos
from moments_ray.media.downloaded import file_name
from moments_ray.moments.queries.clips import ClipQueries
from moments_ray.moments.queries.moments import Moments
from moments_ray.states import ClipStatus

router = APIRouter(prefix="/api/videos/{video_id}", tags=["clips"])

_ZIP = "application/zip"
MomentsAsked = Annotated[
    list[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]],
    Query(alias="moment", max_length=1000, description="of these moments; unset: of those that a user sees"),
]


@router.get(
    "/clips.zip",
    response_class=StreamingResponse,
    responses={200: {"content": {_ZIP: {"schema": {"type": "string", "format": "binary"}}}}, **problems(404)},
)
async def download_clips(
    dependencies: Dependencies,
    video_id: Identifier,
    *,
    wanted: MomentsAsked = [],  # noqa: B006 - FastAPI copies it
    preset: Annotated[str | None, Query(max_length=40, description="unset: of each moment the clip made last")] = None,
) -> StreamingResponse:
    """Return the clips of a video's moments as a ZIP, numbered and named as the moments are."""
    store = dependencies.environment.store
    async with dependencies.environment.database.read() as session:
        video = await Videos(session).get(video_id)
        if wanted:
            moments = [await Moments(session).get(each, video.id) for each in dict.fromkeys(wanted)]
        else:
            moments = await Moments(session).of_video(video.id)
        clips = await ClipQueries(session).clips_of([moment.id for moment in moments])
    entries = []
    for number, moment in enumerate(moments, start=1):
        done = [
            clip.cloud_url
            for clip in clips[moment.id]
            if clip.status == ClipStatus.COMPLETED and clip.cloud_url is not None and preset in {None, clip.preset}
        ]
        if done:
            entries.append(ZipEntry(file_name(f"{number:02d} {moment.title}", ".mp4"), store.name_of(done[-1])))
    if not entries:
        raise NotFound("There is no such clip to download yet: have the clips cut first.")
    named = quote(file_name(f"{video.title or 'clips'} - clips", ".zip"), safe="")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{named}", "Cache-Control": "no-store"}
    return StreamingResponse(zip_pieces(store, entries), media_type=_ZIP, headers=headers)
