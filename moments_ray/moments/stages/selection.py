"""Moments that a person chose: taken where others are generated, or cut as they stand."""

from __future__ import annotations

from collections.abc import Sequence

from moments_ray.database.session import WriteSession
from moments_ray.engine import Context, FanOut, Item, Resources, stage
from moments_ray.errors import MomentsError
from moments_ray.library.signals import measured_signals
from moments_ray.library.transcripts import read_transcript, read_transcript_by
from moments_ray.library.values import SourceVideo, TranscriptRef
from moments_ray.media.cut import Caption, CutRange
from moments_ray.moments.finding.moment import Moment
from moments_ray.moments.finding.quality import measure
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.moments.stages.clips import TICK_SECONDS, cut_and_stage, drawn_captions, publish_clip, record_clip
from moments_ray.moments.values import (
    ClipObject,
    ClipOptions,
    GeneratedMoment,
    GeneratedMoments,
    SelectedClips,
    SelectedMoments,
    StagedClip,
    StagedClips,
)


@stage("MOMENT_CHOICE", resources=Resources(cpus=1), timeout=1800)
async def take_selected(
    ctx: Context, video: SourceVideo, heard: TranscriptRef, selected: SelectedMoments
) -> GeneratedMoments:
    """Hand on the selected moments as if they had just been generated, with what they are placed by."""
    transcript, _ = await read_transcript(ctx, video, heard)
    signals, name = await measured_signals(ctx, video)
    timeline = Timeline.of(transcript, video.info.duration)
    moments = [Moment(**each.model_dump(exclude={"identifier"})) for each in selected.moments]
    return GeneratedMoments(
        moments=selected.moments,
        quality=measure(moments, timeline, signals, len(moments)),
        report={},
        basis="speech" if transcript.words else "signals",
        signals=name,
    )


class SelectedItem(Item):
    """A selected moment on its way to its clip."""

    moment: GeneratedMoment


async def plan_selected(ctx: Context, selected: SelectedMoments) -> Sequence[SelectedItem]:
    """Make an item of every selected moment."""
    return [SelectedItem(key=moment.identifier, moment=moment) for moment in selected.moments]


async def cut_selected(
    ctx: Context, items: Sequence[SelectedItem], video: SourceVideo, options: ClipOptions
) -> Sequence[StagedClip | MomentsError]:
    """Cut the clips of several moments in one pass over the source, and stage them."""
    captions: tuple[Caption, ...] = ()
    if options.captions_by is not None:
        transcript, _ = await read_transcript_by(ctx, video, options.captions_by)
        captions = drawn_captions(transcript)
    ranges = [
        CutRange(
            name=item.key,
            start=max(0.0, item.moment.start_time - options.padding_left - TICK_SECONDS),
            end=min(video.info.duration, item.moment.end_time + options.padding_right - TICK_SECONDS),
            preset=options.preset,
            captions=captions,
        )
        for item in items
    ]
    return await cut_and_stage(ctx, video, ranges)


async def upload_selected(
    ctx: Context, item: SelectedItem, before: StagedClip | None, video: SourceVideo, options: ClipOptions
) -> ClipObject:
    """Publish the clip of a moment."""
    assert before is not None  # noqa: S101 - cutting is never skipped
    clip = await publish_clip(ctx, video, item.key, options.preset, before)
    span = (item.moment.start_time, item.moment.end_time)

    async def write(session: WriteSession) -> None:
        await record_clip(ctx, session, video, item.key, options.preset, clip, span=span)

    ctx.record(write)
    return clip


CUT_SELECTED = FanOut(
    "SELECTED_CLIP_EXTRACTION",
    plan=plan_selected,
    each_row=cut_selected,
    row=4,
    gives=StagedClips,
    resources=Resources(cpus=0.5, custom={"clip_extraction": 1}),
    timeout=1800,
    tolerate=0.9,
)

UPLOAD_SELECTED = FanOut(
    "SELECTED_CLIP_UPLOAD", each=upload_selected, gives=SelectedClips, resources=Resources(cpus=0.5), tolerate=0.9
)
