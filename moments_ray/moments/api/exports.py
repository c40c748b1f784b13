"""A video's moments, for other programs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import AfterValidator

from moments_ray.http.dependencies import Dependencies, Identifier
from moments_ray.http.problems import problems
from moments_ray.http.schemas.options import storable
from moments_ray.library.queries.videos import Videos
from moments_ray.library.service import media_file_name
from moments_ray.moments.api.views import SetQuery
from moments_ray.moments.export import (
    FORMATS,
    ExportedMoment,
    ExportedSource,
    export_moments,
)
from moments_ray.moments.options import ExportFormat
from moments_ray.moments.queries.moments import Moments
from moments_ray.moments.queries.sets import MomentSets

router = APIRouter(prefix="/api/videos/{video_id}/moments", tags=["moments"])

_CONTENTS = {
    each.media_type: {"schema": {"type": "object" if "json" in each.media_type else "string"}}
    for each in FORMATS.values()
}
FormatQuery = Annotated[ExportFormat, Query(alias="format", description="`chapters`: for a video's description")]

Folder = Annotated[
    str,
    Query(max_length=1000, description="where the media lies, for timelines; unset: beside them"),
    AfterValidator(storable),
]


@router.get("/export", response_class=Response, responses={200: {"content": _CONTENTS}, **problems(404)})
async def export_video_moments(
    dependencies: Dependencies,
    request: Request,
    video_id: Identifier,
    kind: FormatQuery = "json",
    *,
    of_set: SetQuery = None,
    folder: Folder = "",
) -> Response:
    """Return the moments that a user sees in a format of editors, players or spreadsheets, in source time code.

    Timelines have picture and sound, and name the media by the file as which `stream?download=true` saves it.
    """
    async with dependencies.environment.database.read() as session:
        video = await Videos(session).get(video_id)
        set_key = None if of_set is None else (await MomentSets(session).get(of_set, video.id)).id
        rows = await Moments(session).of_video(video.id, set_key=set_key)
    names = ExportedMoment.model_fields
    moments = [ExportedMoment(**{name: getattr(row, name) for name in names}) for row in rows]
    source = ExportedSource(
        title=video.title or "",
        uri=video.source_url or str(request.url_for("stream_video", video_id=video_id)),
        media=f"{folder.rstrip('/')}/{media_file_name(video)}" if folder else media_file_name(video),
        duration=video.duration,
        fps=video.fps,
        has_sound=bool(video.info.get("audio_tracks", True)),
    )
    chosen = FORMATS[kind]
    headers = {"Content-Disposition": f'attachment; filename="moments-{video_id}{chosen.suffix}"'}
    return Response(export_moments(kind, source, moments), media_type=chosen.media_type, headers=headers)
