"""What the editor does on request: makes projects of videos, keeps their timelines, starts analyses and renders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from moments_ray.database.tables import Asset, Run, Video
from moments_ray.editor.consent import missing_consent
from moments_ray.editor.errors import ConsentRequired
from moments_ray.editor.names import dated_name
from moments_ray.editor.options import RenderBody
from moments_ray.editor.pipelines import ANALYSIS, FULL_RENDER, RENDER
from moments_ray.editor.places import sound_at
from moments_ray.editor.planning import checked
from moments_ray.editor.queries.consents import Consents
from moments_ray.editor.queries.projects import ProjectRecord, Projects
from moments_ray.editor.queries.renders import Renders
from moments_ray.editor.timeline import Timeline, TimelineChange, TimelineWarning
from moments_ray.editor.values import (
    AnalysisRequest,
    FullRenderRequest,
    ProjectRef,
    RenderOptions,
    RenderRequest,
    TemplateOptions,
)
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.service import RunOrder, StartedRun
from moments_ray.errors import Conflict, MomentsError, RunActive
from moments_ray.library.options import TranscriptOptions
from moments_ray.library.queries.videos import Videos
from moments_ray.library.service import LibraryService
from moments_ray.library.values import Source
from moments_ray.settings import Settings
from moments_ray.states import RunStatus
from moments_ray.storage.object_store import ObjectStore

_LONGEST_TITLE = 200
_RENDER_PRIORITY = 5


@dataclass(frozen=True)
class SavedTimeline:
    """A project after its timeline was saved, and what will not come out as meant."""

    record: ProjectRecord
    warnings: tuple[TimelineWarning, ...] = ()


class EditorService:
    """Where projects are made, edited and rendered."""

    def __init__(self, library: LibraryService, settings: Settings, store: ObjectStore) -> None:
        self._library = library
        self._runs = library.run_service
        self._database = library.database
        self._settings = settings
        self._store = store

    async def create(self, video: str, title: str | None, *, suffix: str | None = None) -> ProjectRecord:
        """Make a project of a video of the library; ``suffix`` is that of its file, where no run has told it yet.

        Raises:
            NotFound: there is no such video.
        """
        async with self._database.begin() as session:
            row = await Videos(session).get(video)
            asset = await Projects(session).asset_of(
                row.id,
                ingest_name=dated_name("", suffix or PurePath(row.cloud_url or "").suffix or ".mp4"),
                thumbnail_name=f"thumb_{dated_name('', '.jpg')}",
            )
            named = (title or row.title or "Untitled")[:_LONGEST_TITLE]
            project = await Projects(session).create(asset, named)
            return ProjectRecord(project, asset, row)

    async def get(self, reference: str) -> ProjectRecord:
        """Return a project by its number or identifier; raises NotFound."""
        async with self._database.read() as session:
            return await Projects(session).get(reference)

    async def save(self, reference: str, change: TimelineChange, *, expected: int | None) -> SavedTimeline:
        """Save what was given of a timeline over what stands; ``expected`` is the version that its caller knew.

        Raises:
            InvalidRequest: it cannot be rendered of this video.
            MediaNotOurs: a sound is of no asset, or of one without sound.
            Conflict: another one was saved meanwhile.
        """
        async with self._database.begin() as session:
            record = await Projects(session).get(reference)
            if expected is not None and expected != record.project.version:
                raise Conflict(
                    "Somebody saved this timeline meanwhile: read it again.", {"version": record.project.version}
                )
            timeline, warnings = checked(change.over(timeline_of(record)), duration_of(record.video))
            for path in sounds_of(timeline):
                await sound_at(session, path)
            await Projects(session).save(record.project, timeline.model_dump(mode="json"), "a person")
            saved = await Projects(session).get(reference)
            await session.refresh(saved.project)
        return SavedTimeline(saved, warnings)

    async def revert(self, reference: str, version: int) -> ProjectRecord:
        """Make an earlier timeline the newest again; raises NotFound."""
        async with self._database.begin() as session:
            record = await Projects(session).get(reference)
            earlier = await Projects(session).version(record.project, version)
            await Projects(session).save(record.project, earlier.timeline, f"version {version}")
            saved = await Projects(session).get(reference)
            await session.refresh(saved.project)
        return saved

    async def analyse(
        self, record: ProjectRecord, template: TemplateOptions, *, source: Source | None = None, force: bool = False
    ) -> StartedRun:
        """Listen to a project's video and make a timeline of it; ``source`` is where a new one's bytes are.

        Raises:
            RunActive: it is being analysed or rendered.
        """
        request = AnalysisRequest(
            source=source or await self._library.source(record.video),
            project=ProjectRef(project=record.project.identifier),
            speech=await self._library.checked_speech(TranscriptOptions()),
            template=template,
        )
        return await self._runs.start(ANALYSIS, request, RunOrder(force=force))

    async def render(self, record: ProjectRecord, body: RenderBody, key: str | None) -> StartedRun:
        """Begin a film of a project's newest timeline, or return the run that makes or made exactly this one.

        Raises:
            ConsentRequired: consent is not complete.
            RunActive: another run of the project is under way.
            InvalidRequest: the timeline cannot be rendered of this video.
        """
        await self._require_consent(record.asset)
        timeline = timeline_of(record)
        if timeline.segments:
            checked(timeline, duration_of(record.video))
        project = ProjectRef(project=record.project.identifier)
        source = await self._library.source(record.video)
        options = self._options(record, timeline, body)
        request: RenderRequest
        if timeline.segments:
            request = RenderRequest(source=source, project=project, render=options)
        else:
            options = options.model_copy(update={"version": None})
            speech = await self._library.checked_speech(TranscriptOptions())
            template = TemplateOptions(template=self._settings.editor_template)
            request = FullRenderRequest(
                source=source, project=project, render=options, speech=speech, template=template
            )
        started = await self._started(request, RunOrder(priority=_RENDER_PRIORITY, idempotency_key=key))
        async with self._database.begin() as session:
            await Renders(session).put(
                record.project.id,
                started.run.identifier,
                timeline_version=record.project.version,
                watermark=options.watermark is not None,
                preset=options.aspect,
            )
        return started

    async def _started(self, request: RenderRequest, order: RunOrder) -> StartedRun:
        """Start a render; one that is under way and does exactly this is the one."""
        pipeline = FULL_RENDER if isinstance(request, FullRenderRequest) else RENDER
        try:
            return await self._runs.start(pipeline, request, order)
        except RunActive as error:
            async with self._database.read() as session:
                active = await Runs(session).get(str(error.detail["run"]))
            if active.pipeline == pipeline.name and active.config == request.model_dump(mode="json"):
                return StartedRun(active, reused=True)
            raise

    def _options(self, record: ProjectRecord, timeline: Timeline, body: RenderBody) -> RenderOptions:
        marked = self._settings.watermark_enabled if body.watermark is None else body.watermark
        return RenderOptions(
            version=record.project.version,
            aspect=body.preset or timeline.aspect,
            quality=body.quality,
            watermark=self._settings.watermark_text if marked else None,
            captions=body.captions,
            loudness=body.loudness,
        )

    async def _require_consent(self, asset: Asset) -> None:
        async with self._database.read() as session:
            consent = await Consents(session).get(asset)
        missing = missing_consent(consent, document=self._settings.consent_require_document)
        if missing:
            raise ConsentRequired(
                f"Consent is not complete: {' and '.join(missing)} missing; see /api/consent/{asset.id}.",
                {"missing": [*missing]},
            )

    async def delete(self, reference: str) -> None:
        """Delete a project with its objects.

        Raises:
            NotFound: there is none.
            Conflict: a run of it is under way.
        """
        async with self._database.begin() as session:
            record = await Projects(session).get(reference)
            newest = (await Projects(session).newest_runs([record.project.identifier])).values()
            if any(not RunStatus(run.status).finished for run in newest):
                raise Conflict("The project is being analysed or rendered: cancel that first.")
            await Projects(session).delete(record.project)
        await self._store.delete_prefix(f"projects/{record.project.identifier}/")

    async def cancel_renders(self, asset: Asset) -> None:
        """Cancel the renders under way of an asset's projects, for consent was taken back."""
        async with self._database.read() as session:
            runs = await Renders(session).active_of_asset(asset)
        for run in runs:
            await self._runs.cancel(run)

    async def cancel(self, run: str) -> Run:
        """Cancel a render; raises NotFound."""
        async with self._database.read() as session:
            await Renders(session).get(run)
        return await self._runs.cancel(run)


def sounds_of(timeline: Timeline) -> set[str]:
    """Return the paths of sounds that are not built in."""
    paths = {segment.sfx.path for segment in timeline.segments if segment.sfx is not None}
    if timeline.music is not None:
        paths.add(timeline.music.path)
    return {path for path in paths if path is not None}


def timeline_of(record: ProjectRecord) -> Timeline:
    """Return a project's timeline; an empty one before it has any."""
    stored = record.project.timeline
    return Timeline() if stored is None else Timeline.model_validate(stored)


def warnings_of(record: ProjectRecord) -> tuple[TimelineWarning, ...]:
    """Return what will not come out as meant of the timeline that stands; none while its video is not here."""
    if record.video.duration is None:
        return ()
    try:
        return checked(timeline_of(record), record.video.duration)[1]
    except MomentsError as error:
        return (TimelineWarning(code=error.code, message=error.message),)


def duration_of(video: Video) -> float:
    """Return a video's length in seconds; raises Conflict while its bytes are not here."""
    if video.duration is None:
        raise Conflict("The video is not here yet: wait for its analysis.")
    return video.duration
