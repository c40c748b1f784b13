"""Projects: listed, made of videos, deleted; and what timelines can be made of."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from moments_ray.editor import templates
from moments_ray.editor.api.dependencies import Editor, Reference
from moments_ray.editor.api.schemas import (
    EffectList,
    NewProject,
    ProjectDetail,
    ProjectListItem,
    SoundList,
    TemplateView,
)
from moments_ray.editor.api.views import asset_view, last_render, project_detail, status_of
from moments_ray.editor.queries.projects import Projects
from moments_ray.editor.queries.renders import Renders
from moments_ray.http.dependencies import Dependencies
from moments_ray.http.problems import problems
from moments_ray.media.render.effects import CONTRADICTIONS, EFFECTS
from moments_ray.media.render.sounds import SOUNDS

router = APIRouter(prefix="/api", tags=["editor"])


@router.get("/projects")
async def list_projects(
    dependencies: Dependencies,
    response: Response,
    *,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> list[ProjectListItem]:
    """List projects, the newest first; `X-Total-Count` says how many there are."""
    async with dependencies.environment.database.read() as session:
        records, total = await Projects(session).page(limit, offset)
        runs = await Projects(session).newest_runs([record.project.identifier for record in records])
        renders = await Renders(session).newest([record.project.id for record in records])
        films = {number: await last_render(dependencies, session, *render) for number, render in renders.items()}
    response.headers["X-Total-Count"] = str(total)
    return [
        ProjectListItem(
            id=record.project.id,
            identifier=record.project.identifier,
            title=record.project.title,
            status=status_of(record, runs.get(record.project.identifier)),
            asset_id=record.asset.id,
            thumbnail_url=asset_view(record.asset, record.video).thumbnail_url,
            duration=record.video.duration,
            created_at=record.project.created_at,
            updated_at=record.project.updated_at,
            last_render=films.get(record.project.id),
        )
        for record in records
    ]


@router.post("/projects", status_code=201, responses=problems(404))
async def create_project(dependencies: Dependencies, editor: Editor, body: NewProject) -> ProjectDetail:
    """Make a project of a video that is in the library; `analyze` makes its timeline."""
    record = await editor.create(body.video, body.title)
    async with dependencies.environment.database.read() as session:
        return await project_detail(dependencies, session, record)


@router.get("/projects/{project_id}", responses=problems(404))
async def read_project(dependencies: Dependencies, editor: Editor, project_id: Reference) -> ProjectDetail:
    """Return a project with its timeline."""
    record = await editor.get(project_id)
    async with dependencies.environment.database.read() as session:
        return await project_detail(dependencies, session, record)


@router.delete("/projects/{project_id}", status_code=204, responses=problems(404, 409))
async def delete_project(editor: Editor, project_id: Reference) -> None:
    """Delete a project with its timelines and films; its video stays in the library."""
    await editor.delete(project_id)


@router.get("/templates")
async def list_templates() -> list[TemplateView]:
    """List the ways to make timelines."""
    return [TemplateView(name=name, description=text) for name, text in templates.descriptions().items()]


@router.get("/effects")
async def list_effects() -> EffectList:
    """List the effects that a segment may have."""
    return EffectList(effects=list(EFFECTS), contradictions=[list(pair) for pair in CONTRADICTIONS])


@router.get("/sfx")
async def list_sounds() -> SoundList:
    """List the sound effects that a segment may have."""
    return SoundList(sfx=list(SOUNDS))
