"""A timeline for other programs, and one picture of its film."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from moments_ray.editor.api.dependencies import Editor, Reference
from moments_ray.editor.errors import TimelineEmpty
from moments_ray.editor.export import FORMATS, ExportFormat, ExportSource
from moments_ray.editor.framing import Framing, find_framing, framing_name, keep_framing, read_framing
from moments_ray.editor.names import slug
from moments_ray.editor.planning import checked, form_of, needs_framing, plan, shown_at, window_share
from moments_ray.editor.queries.projects import ProjectRecord
from moments_ray.editor.service import duration_of, timeline_of
from moments_ray.editor.timeline import Timeline
from moments_ray.engine.environment import Environment
from moments_ray.errors import Conflict
from moments_ray.http.dependencies import Dependencies
from moments_ray.http.problems import problems
from moments_ray.library.service import media_file_name
from moments_ray.media.probe import MediaInfo
from moments_ray.media.render.piece import render_frame

router = APIRouter(prefix="/api/timeline", tags=["editor"])

_PREVIEW_SECONDS = 20.0
_JPEG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get("/{project_id}/export", response_class=Response, responses=problems(404, 409, 501))
async def export_timeline(
    editor: Editor,
    project_id: Reference,
    *,
    kind: Annotated[ExportFormat, Query(alias="format")] = "otio",
) -> Response:
    """Return the cuts for other editors, or the captions at the times of the film."""
    record = await editor.get(project_id)
    timeline = timeline_of(record)
    if not timeline.segments:
        raise TimelineEmpty
    duration = duration_of(record.video)
    source = ExportSource(record.project.title, media_file_name(record.video), duration, record.video.fps)
    written = FORMATS[kind]
    name = f"{slug(record.project.title)}{written.suffix}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(written.write(timeline, source), media_type=written.media_type, headers=headers)


@router.get("/{project_id}/preview", response_class=Response, responses={**_JPEG, **problems(404, 409)})
async def preview_timeline(
    dependencies: Dependencies,
    editor: Editor,
    project_id: Reference,
    *,
    at: Annotated[float, Query(ge=0, le=86_400, description="seconds of the film")] = 0.0,
) -> Response:
    """Return one picture of the film at half its size, with effects and captions, as a render would show it."""
    record = await editor.get(project_id)
    environment = dependencies.environment
    timeline, _ = checked(timeline_of(record), duration_of(record.video))
    if record.video.cloud_url is None:
        raise Conflict("The video is not here yet: wait for its analysis.")
    info = MediaInfo.model_validate(record.video.info)
    form = form_of(timeline.aspect, "draft", info)
    async with environment.cache.open(record.video.cloud_url) as source:
        framed = await _framed_at(environment, record, timeline, at, source)
        piece, frame = shown_at(plan(timeline, None, hdr=info.hdr, framed=framed), at)
        with tempfile.TemporaryDirectory(prefix="moments-preview-") as directory:
            picture = await render_frame(
                piece,
                frame,
                source,
                info,
                form=form,
                directory=Path(directory),
                settings=environment.settings.media,
                timeout=_PREVIEW_SECONDS,
            )
            content = picture.read_bytes()
    return Response(content, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


async def _framed_at(
    environment: Environment, record: ProjectRecord, timeline: Timeline, at: float, source: Path
) -> dict[int, Framing]:
    """Return where a render looks in the segment that is shown at a time, if nobody said that."""
    info = MediaInfo.model_validate(record.video.info)
    form = form_of(timeline.aspect, "draft", info)
    shown, _ = shown_at(plan(timeline, None), at)
    number = int(shown.name.rpartition("-")[2])
    if number not in needs_framing(timeline, form, info):
        return {}
    share, segment = window_share(form, info), timeline.segments[number]
    part = (segment.start, segment.end)
    name = framing_name(f"projects/{record.project.identifier}", record.video.checksum or "", part, share)
    found = await read_framing(environment.store, name)
    if found is None:
        settings = environment.settings.media
        (found,) = await find_framing(source, [part], share, settings=settings, timeout=_PREVIEW_SECONDS)
        await keep_framing(environment.store, name, found)
    return {number: found}
