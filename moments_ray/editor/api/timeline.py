"""Timelines: read, saved by versions, made by templates."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, File, Header, Query, Response, UploadFile
from pydantic import ValidationError

from moments_ray.editor.api.dependencies import Editor, Reference, Wait, ended
from moments_ray.editor.api.schemas import Analysed, ProjectDetail, Revert, SaveTimeline, VersionView
from moments_ray.editor.api.views import project_detail
from moments_ray.editor.importing import ImportFormat, read_cuts
from moments_ray.editor.options import AnalyseBody
from moments_ray.editor.queries.projects import ProjectRecord, Projects
from moments_ray.editor.service import warnings_of
from moments_ray.editor.timeline import TimelineChange, TimelineWarning
from moments_ray.editor.values import TemplateOptions
from moments_ray.errors import InvalidRequest
from moments_ray.http.body_limit import RouteLimit
from moments_ray.http.conditional import versioned_tag
from moments_ray.http.dependencies import Dependencies
from moments_ray.http.problems import problems
from moments_ray.library.time_code import time_code_rate
from moments_ray.states import RunStatus

router = APIRouter(prefix="/api/timeline", tags=["editor"])

BODY_LIMIT = RouteLimit("/api/timeline/", 4 * 1024**2, "save a shorter timeline")
_TAG = re.compile(r'(?:W/)?"(\d{1,9})(?:-\w+)?"')


@router.get("/{project_id}", responses=problems(404))
async def read_timeline(
    dependencies: Dependencies, editor: Editor, project_id: Reference, response: Response
) -> ProjectDetail:
    """Return a project with its timeline; its `ETag` begins with the version, for `If-Match`."""
    return await _shown(dependencies, await editor.get(project_id), response)


@router.post("/{project_id}", responses=problems(404, 409))
async def save_timeline(
    dependencies: Dependencies,
    editor: Editor,
    project_id: Reference,
    body: SaveTimeline,
    response: Response,
    *,
    if_match: Annotated[str | None, Header(description="the `ETag` that was read")] = None,
) -> ProjectDetail:
    """Save a timeline: keys that are given replace, keys that are left out keep their value.

    With `If-Match`, or `timeline.version`, one that somebody else saved meanwhile is not overwritten (409).
    """
    expected = body.timeline.version if if_match is None else _version(if_match)
    saved = await editor.save(project_id, body.timeline, expected=expected)
    return await _shown(dependencies, saved.record, response, saved.warnings)


@router.post("/{project_id}/analyze", responses={202: {"model": Analysed}, **problems(404, 409)})
async def analyze(
    dependencies: Dependencies,
    editor: Editor,
    project_id: Reference,
    response: Response,
    *,
    body: AnalyseBody | None = None,
    wait: Wait = 60.0,
) -> Analysed:
    """Hear a video again and make its timeline by a template; the timeline before stays among the versions."""
    asked = body or AnalyseBody()
    record = await editor.get(project_id)
    template = asked.template or dependencies.environment.settings.editor_template
    options = TemplateOptions(template=template, seed=asked.seed, keep_segments=asked.keep_segments)
    started = await editor.analyse(record, options, force=True)
    run = await ended(dependencies, started.run, wait)
    response.status_code = 200 if RunStatus(run.status).finished else 202
    detail = await _shown(dependencies, await editor.get(project_id), response)
    return Analysed(**{name: getattr(detail, name) for name in type(detail).model_fields}, run=run.identifier)


@router.get("/{project_id}/versions", responses=problems(404))
async def list_timeline_versions(
    dependencies: Dependencies, editor: Editor, project_id: Reference
) -> list[VersionView]:
    """List the timelines that a project has or had, the newest first; the last fifty are kept."""
    record = await editor.get(project_id)
    async with dependencies.environment.database.read() as session:
        versions = await Projects(session).versions(record.project)
    return [
        VersionView(
            version=each.version,
            made_by=each.made_by,
            segments=len(each.timeline.get("segments", ())),
            created_at=each.created_at,
        )
        for each in versions
    ]


@router.post("/{project_id}/revert", responses=problems(404, 409))
async def revert_timeline(
    dependencies: Dependencies, editor: Editor, project_id: Reference, body: Revert, response: Response
) -> ProjectDetail:
    """Make an earlier timeline the newest again, as a version of its own."""
    return await _shown(dependencies, await editor.revert(project_id, body.version), response)


@router.post("/{project_id}/import", responses=problems(400, 404, 409, 413, 501))
async def import_timeline(
    dependencies: Dependencies,
    editor: Editor,
    project_id: Reference,
    response: Response,
    *,
    file: Annotated[UploadFile, File(description="as another editor wrote it")],
    kind: Annotated[ImportFormat, Query(alias="format")] = "otio",
) -> ProjectDetail:
    """Take over the cuts of an OTIO, EDL or FCPXML file: its ranges are of the project's video, markers are captions.

    Segments are replaced; all else stays, and the timeline before is among the versions.
    """
    record = await editor.get(project_id)
    try:
        text = (await file.read()).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequest("This is no text: send the file as the other editor wrote it.") from error
    settings = dependencies.environment.settings.media
    cuts = await read_cuts(text, kind, time_code_rate(record.video.fps), settings)
    try:
        change = TimelineChange.model_validate({"segments": cuts["segments"]})
    except ValidationError as error:
        raise InvalidRequest(f"These cuts make no timeline: {error.errors()[0]['msg']}.") from error
    saved = await editor.save(project_id, change, expected=None)
    warnings = saved.warnings
    if cuts["media"] != 1:
        message = f"The clips name {cuts['media']} media; all of them were taken from this project's video."
        warnings = (*warnings, TimelineWarning(code="import.other_media", message=message))
    return await _shown(dependencies, saved.record, response, warnings)


async def _shown(
    dependencies: Dependencies,
    record: ProjectRecord,
    response: Response,
    warnings: tuple[TimelineWarning, ...] | None = None,
) -> ProjectDetail:
    """Show a project; ``warnings`` are those of saving it, None for those of what stands."""
    warnings = warnings_of(record) if warnings is None else warnings
    async with dependencies.environment.database.read() as session:
        detail = await project_detail(dependencies, session, record, warnings=warnings)
    response.headers["ETag"] = versioned_tag(detail.version, detail)
    return detail


def _version(tag: str) -> int | None:
    """Return the version that an ``If-Match`` names, None for any."""
    if tag.strip() == "*":
        return None
    found = _TAG.fullmatch(tag.strip())
    if found is None:
        raise InvalidRequest('If-Match: send the ETag that was read, such as "3".')
    return int(found[1])
