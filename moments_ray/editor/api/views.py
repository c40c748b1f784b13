"""Makes the editor's answers of its rows."""

from __future__ import annotations

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import Asset, Consent, LostRender, Render, Run, Video
from moments_ray.editor.api.schemas import AssetView, ConsentView, LastRender, ProjectDetail, RenderStatusView
from moments_ray.editor.consent import missing_consent
from moments_ray.editor.options import ProjectStatus
from moments_ray.editor.queries.consents import Consents
from moments_ray.editor.queries.projects import ProjectRecord, Projects
from moments_ray.editor.queries.renders import Renders
from moments_ray.editor.service import timeline_of
from moments_ray.editor.stages.render import PIECES_STAGE
from moments_ray.editor.status import (
    project_status,
    render_error,
    render_logs,
    render_problem,
    render_progress,
    render_status,
)
from moments_ray.editor.timeline import AssetPlace, TimelineData, TimelineWarning
from moments_ray.errors import ObjectMissing
from moments_ray.http.container import Container
from moments_ray.http.redirects import signed_link
from moments_ray.library.queries.videos import Videos
from moments_ray.states import RunStatus, StageStatus, VideoStatus


def asset_view(asset: Asset, video: Video) -> AssetView:
    """Show an asset."""
    here = video.status == VideoStatus.READY
    return AssetView(
        id=asset.id,
        identifier=asset.identifier,
        video=video.identifier,
        path=f"ingest/{asset.ingest_name}",
        ingest_url=f"/media/ingest/{asset.ingest_name}",
        thumbnail_url=f"/media/thumbnails/{asset.thumbnail_name}" if here else None,
        duration=video.duration,
        resolution=video.resolution,
        fps=video.fps,
        created_at=asset.created_at,
        updated_at=asset.updated_at,
    )


async def signed_asset(
    container: Container, session: ReadSession | WriteSession, asset: Asset, video: Video
) -> AssetView:
    """Show an asset with links that read it without a key, for a while."""
    shown = asset_view(asset, video)
    if video.cloud_url is None:
        return shown
    link = await signed_link(container, video.cloud_url)
    picture = await Videos(session).thumbnail(video.id)
    thumbnail = None if picture is None else (await signed_link(container, picture)).url
    return shown.model_copy(
        update={"ingest_signed_url": link.url, "thumbnail_signed_url": thumbnail, "expires_at": link.expires_at}
    )


async def consent_view(container: Container, asset: Asset, consent: Consent | None) -> ConsentView:
    """Show a consent; before anybody said anything, that."""
    missing = missing_consent(consent, document=container.environment.settings.consent_require_document)
    name = consent.document_name if consent is not None else None
    link = None
    if consent is not None and consent.document_url is not None:
        link = await signed_link(container, consent.document_url, name)
    return ConsentView(
        asset_id=asset.id,
        has_checkbox=consent is not None and consent.has_checkbox,
        document_url=f"/media/consent/{name}" if name is not None else None,
        document_signed_url=None if link is None else link.url,
        expires_at=None if link is None else link.expires_at,
        complete=not missing,
        missing=missing,
    )


async def project_detail(
    container: Container,
    session: ReadSession | WriteSession,
    record: ProjectRecord,
    *,
    warnings: tuple[TimelineWarning, ...] = (),
) -> ProjectDetail:
    """Show a project."""
    project, asset, video = record.project, record.asset, record.video
    newest = (await Projects(session).newest_runs([project.identifier])).get(project.identifier)
    shown = await signed_asset(container, session, asset, video)
    timeline, settings = timeline_of(record), container.environment.settings
    return ProjectDetail(
        id=project.id,
        identifier=project.identifier,
        title=project.title,
        status=status_of(record, newest),
        version=project.version,
        asset=shown,
        timeline=TimelineData(
            **{name: getattr(timeline, name) for name in type(timeline).model_fields},
            asset=AssetPlace(path=shown.path, url=shown.ingest_url),
            version=project.version,
            warnings=warnings,
        ),
        consent=await consent_view(container, asset, await Consents(session).get(asset)),
        watermark=settings.watermark_text if settings.watermark_enabled else None,
        created_at=project.created_at,
        updated_at=project.updated_at,
    )


def status_of(record: ProjectRecord, newest: Run | None) -> ProjectStatus:
    """Return where a project stands, by the newest run about it."""
    return project_status(
        VideoStatus(record.video.status),
        has_timeline=record.project.timeline is not None,
        pipeline=newest.pipeline if newest is not None else None,
        run=RunStatus(newest.status) if newest is not None else None,
    )


async def render_view(
    container: Container, session: ReadSession | WriteSession, render: Render, run: Run
) -> RenderStatusView:
    """Show where a film stands."""
    renders, status = Renders(session), RunStatus(run.status)
    stages = await renders.stages(run)
    begun = [name for name, stage in stages.items() if stage.status != StageStatus.PENDING.value]
    done, total = await renders.pieces(run, PIECES_STAGE)
    url = f"/media/final/{render.output_name}" if render.output_name is not None else None
    link = None if render.output_url is None else await signed_link(container, render.output_url)
    setup = stages.get("RENDER_SETUP")
    crops = setup.output.get("crops", []) if setup is not None and setup.output is not None else []
    pieces = [(str(piece["segment"]), bool(piece["reused"])) for piece in done]
    problem = render_problem(
        status,
        run.error,
        revoked=await Consents(session).stopped(render.project_id, run),
        piece=await renders.first_failure(run) if status is RunStatus.FAILED else None,
    )
    return RenderStatusView(
        id=run.identifier,
        timeline_version=render.timeline_version,
        status=render_status(status, begun),
        progress=render_progress(status, begun, (len(done), total)),
        logs=render_logs(render.project_id, status, begun, pieces, url),
        result=url,
        output_url=url,
        output_signed_url=None if link is None else link.url,
        expires_at=None if link is None else link.expires_at,
        crops=crops,
        error=render_error(status, problem),
        run_status=run.status,
        problem=problem,
    )


def lost_view(lost: LostRender) -> RenderStatusView:
    """Show a render whose video was deleted under it."""
    error = ObjectMissing(f"Segment {lost.segment}: its video was deleted while the film was rendered.")
    problem = {"code": error.code, "message": error.message, "retryable": error.retryable, "detail": error.detail}
    return RenderStatusView(
        id=lost.job_id,
        timeline_version=lost.timeline_version,
        status="failed",
        progress=lost.progress,
        logs=[],
        result=None,
        output_url=None,
        error=render_error(RunStatus.CANCELLED, problem),
        run_status=RunStatus.CANCELLED,
        problem=problem,
    )


async def last_render(
    container: Container, session: ReadSession | WriteSession, render: Render, run: Run
) -> LastRender:
    """Show the newest film of a project in short."""
    shown = await render_view(container, session, render, run)
    return LastRender(
        job_id=shown.id,
        status=shown.status,
        progress=shown.progress,
        output_url=shown.output_url,
        output_signed_url=shown.output_signed_url,
        expires_at=shown.expires_at,
    )
