"""A video's moments, for other programs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from moments_ray.http.dependencies import Dependencies, Identifier
from moments_ray.http.problems import problems
from moments_ray.library.queries.videos import Videos
from moments_ray.moments.export import (
    FORMATS,
    ExportedMoment,
    ExportedSource,
    export_moments,
)
from moments_ray.moments.options import ExportFormat
from moments_ray.moments.queries.moments import Moments

router = APIRouter(prefix="/api/videos/{video_id}/moments", tags=["moments"])

_CONTENTS = {
    each.media_type: {"schema": {"type": "object" if "json" in each.media_type else "string"}}
    for each in FORMATS.values()
}
FormatQuery = Annotated[ExportFormat, Query(alias="format", description="`chapters`: for a video's description")]


@router.get("/export", response_class=Response, responses={200: {"content": _CONTENTS}, **problems(404)})
async def export_video_moments(
    dependencies: Dependencies, request: Request, video_id: Identifier, kind: FormatQuery = "json"
) -> Response:
    """Return the moments that a user sees in a format of editors, players or spreadsheets, in source time code."""
    async with dependencies.environment.database.read() as session:
        video = await Videos(session).get(video_id)
        rows = await Moments(session).of_video(video.id)
    names = ExportedMoment.model_fields
    moments = [ExportedMoment(**{name: getattr(row, name) for name in names}) for row in rows]
    source = ExportedSource(
        title=video.title or "",
        uri=video.source_url or str(request.url_for("stream_video", video_id=video_id)),
        duration=video.duration,
        fps=video.fps,
    )
    chosen = FORMATS[kind]
    headers = {"Content-Disposition": f'attachment; filename="moments-{video_id}{chosen.suffix}"'}
    return Response(export_moments(kind, source, moments), media_type=chosen.media_type, headers=headers)
