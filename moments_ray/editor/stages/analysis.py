"""BEAT_DETECTION and TIMELINE: what a video sounds like, and what a template makes of it."""

from __future__ import annotations

from pydantic import JsonValue

from moments_ray.database.session import WriteSession
from moments_ray.editor.queries.moments import current_moments
from moments_ray.editor.queries.projects import Projects
from moments_ray.editor.templates import VideoFeatures, build
from moments_ray.editor.timeline import Timeline
from moments_ray.editor.values import BeatGrid, ProjectRef, TemplateOptions, TimelineRef
from moments_ray.engine import Context, Resources, stage
from moments_ray.engine.environment import Environment
from moments_ray.library.objects import content_mark, video_folder
from moments_ray.library.signals import measured_signals
from moments_ray.library.transcripts import read_transcript
from moments_ray.library.values import AudioObject, SourceVideo, TranscriptRef
from moments_ray.media.beats import Beats, track_beats


async def _tracker(environment: Environment) -> JsonValue:
    return environment.settings.media.beats


@stage(
    "BEAT_DETECTION",
    resources=Resources(cpus=1),
    timeout=1800,
    reusable=True,
    identity=_tracker,
    skip_when=lambda audio: "the video has no sound" if audio is None else None,
)
async def detect_beats(ctx: Context, video: SourceVideo, audio: AudioObject | None) -> BeatGrid:
    """Find tempo and beats of a video's sound; the list of them is an object."""
    assert audio is not None  # noqa: S101 - else the stage is skipped
    async with ctx.cache.open(ctx.store.uri(audio.name)) as sound:
        beats = await track_beats(sound, settings=ctx.settings.media, timeout=ctx.seconds_left())
    tracker = ctx.settings.media.beats
    name = f"{video_folder(video.video)}/beats-{tracker}-{content_mark(video.checksum)}.json"
    await ctx.store.put_bytes(name, beats.model_dump_json().encode(), content_type="application/json")
    return BeatGrid(name=name, tempo=beats.tempo, beats=len(beats.beats), confidence=beats.confidence)


@stage("TIMELINE", resources=Resources(cpus=1), timeout=1800)
async def build_timeline(
    ctx: Context,
    video: SourceVideo,
    heard: TranscriptRef,
    beats: BeatGrid | None,
    project: ProjectRef,
    options: TemplateOptions,
) -> TimelineRef:
    """Make a project's timeline by a template; the one before stays among its versions."""
    transcript, _ = await read_transcript(ctx, video, heard)
    signals, _ = await measured_signals(ctx, video)
    async with ctx.read() as session:
        record = await Projects(session).get(project.project)
        moments = await current_moments(session, record.video.id)
    known = VideoFeatures(
        duration=video.info.duration,
        words=transcript.words,
        signals=signals,
        beats=await read_beats(ctx, beats),
        moments=moments,
    )
    timeline = build(options.template, options.seed, known)
    if options.keep_segments and record.project.timeline is not None:
        before = Timeline.model_validate(record.project.timeline)
        timeline = timeline.model_copy(update={"segments": before.segments})

    async def write(session: WriteSession) -> None:
        current = await Projects(session).get(project.project)
        await Projects(session).save(
            current.project,
            timeline.model_dump(mode="json"),
            options.template,
            template_name=options.template,
            seed=options.seed,
        )

    ctx.record(write)
    return TimelineRef(project=project.project, version=record.project.version + 1, segments=len(timeline.segments))


async def read_beats(ctx: Context, beats: BeatGrid | None) -> Beats:
    """Return the beats that BEAT_DETECTION stored; none of a video without sound."""
    if beats is None:
        return Beats()
    stored = await ctx.store.stat(beats.name)
    return Beats.model_validate_json(await ctx.store.read_range(beats.name, 0, stored.bytes))
