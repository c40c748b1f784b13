"""Films: begun, followed, cancelled."""

from __future__ import annotations

from fastapi import APIRouter, Response

from moments_ray.editor.api.dependencies import Editor, Reference
from moments_ray.editor.api.schemas import RenderStarted, RenderStatusView
from moments_ray.editor.api.views import lost_view, render_view
from moments_ray.editor.options import RenderBody
from moments_ray.editor.queries.renders import Renders
from moments_ray.http.dependencies import Dependencies, IdempotencyKey, Identifier
from moments_ray.http.problems import problems

router = APIRouter(prefix="/api/render", tags=["editor"])


@router.post(
    "/{project_id}",
    status_code=202,
    responses={
        200: {"model": RenderStarted, "description": "Exactly this film is made already, or on its way."},
        **problems(403, 404, 409),
    },
)
async def start_render(
    editor: Editor,
    project_id: Reference,
    response: Response,
    *,
    body: RenderBody | None = None,
    key: IdempotencyKey = None,
) -> RenderStarted:
    """Begin a film of a project's timeline; who is seen in it must have agreed (`consent.required`)."""
    started = await editor.render(await editor.get(project_id), body or RenderBody(), key)
    url = f"/api/render/status/{started.run.identifier}"
    response.headers["Location"] = url
    if started.reused:
        response.status_code = 200
    return RenderStarted(job_id=started.run.identifier, status_url=url)


@router.get("/status/{job_id}", responses=problems(404))
async def read_render(dependencies: Dependencies, job_id: Identifier) -> RenderStatusView:
    """Return where a film stands."""
    async with dependencies.environment.database.read() as session:
        if (lost := await Renders(session).lost(job_id)) is not None:
            return lost_view(lost)
        render, run, _ = await Renders(session).get(job_id)
        return await render_view(dependencies, session, render, run)


@router.post("/{job_id}/cancel", responses=problems(404))
async def cancel_render(dependencies: Dependencies, editor: Editor, job_id: Identifier) -> RenderStatusView:
    """Stop a film; one that is finished stays as it is."""
    await editor.cancel(job_id)
    return await read_render(dependencies, job_id)
