"""JOB_CLIP_EXTRACTION: the chosen clips, cut to the frame and stored as the files that were asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from moments_ray.engine import Context, FanOut, Resources
from moments_ray.errors import MomentsError
from moments_ray.library.objects import put_by_content
from moments_ray.library.transcripts import read_transcript
from moments_ray.library.values import SourceVideo, TranscriptRef
from moments_ray.media.conversion import content_type_of, convert_clip, size_within
from moments_ray.media.cut import Caption, Clip, CutRange
from moments_ray.media.thumbnails import thumbnail
from moments_ray.moments.stages.clips import TICK_SECONDS, cut_to_scratch, drawn_captions
from moments_ray.video_jobs.values import ChosenClips, ClipFileOptions, ClipItem, JobClip, JobClips


async def plan_job_clips(ctx: Context, chosen: ChosenClips) -> Sequence[ClipItem]:
    """Make an item of every chosen clip."""
    return [ClipItem(key=f"clip-{number}", number=number, clip=clip) for number, clip in enumerate(chosen.clips, 1)]


async def cut_job_clips(
    ctx: Context, items: Sequence[ClipItem], video: SourceVideo, heard: TranscriptRef, options: ClipFileOptions
) -> Sequence[JobClip | MomentsError]:
    """Cut several clips in one pass over the source, and store each in its format and size."""
    captions: tuple[Caption, ...] = ()
    if options.burn_captions:
        transcript, _ = await read_transcript(ctx, video, heard)
        captions = drawn_captions(transcript)
    ranges = [
        CutRange(
            name=item.key,
            start=max(0.0, item.clip.start - TICK_SECONDS),
            end=item.clip.end - TICK_SECONDS if item.clip.end < video.info.duration else item.clip.end,
            preset=options.preset,
            captions=captions,
        )
        for item in items
    ]
    outcomes: list[JobClip | MomentsError] = []
    for item, cut in zip(items, await cut_to_scratch(ctx, video, ranges), strict=True):
        if isinstance(cut, MomentsError):
            outcomes.append(cut)
            continue
        try:
            outcomes.append(await _stored(ctx, item, cut, options))
        except MomentsError as error:
            outcomes.append(error)
    return outcomes


async def _stored(ctx: Context, item: ClipItem, cut: Clip, options: ClipFileOptions) -> JobClip:
    size = size_within(cut.width, cut.height, options.resolution)
    path = await _converted(ctx, cut, options, None if size == (cut.width, cut.height) else size)
    stem, kind = f"{ctx.folder}/clips/{item.number}", content_type_of(options.clip_format)
    stored = await put_by_content(ctx, stem, path, content_type=kind)
    picture = ctx.scratch / f"{item.key}.jpg"
    await thumbnail(cut.path, cut.duration / 2, picture, settings=ctx.settings.media)
    shown = await put_by_content(ctx, f"{ctx.folder}/thumbnails/{item.number}", picture, content_type="image/jpeg")
    return JobClip(
        number=item.number,
        name=stored.name,
        thumbnail=shown.name,
        start=cut.start_time,
        end=cut.end_time,
        title=item.clip.title,
        score=item.clip.score,
        reason=item.clip.reason,
        bytes=stored.bytes,
        clip_format=options.clip_format,
        width=size[0],
        height=size[1],
    )


async def _converted(ctx: Context, cut: Clip, options: ClipFileOptions, size: tuple[int, int] | None) -> Path:
    if size is None and options.clip_format == "mp4":
        return cut.path
    target = ctx.scratch / f"converted-{cut.name}.{options.clip_format}"
    await convert_clip(
        cut.path,
        target,
        clip_format=options.clip_format,
        size=size,
        settings=ctx.settings.media,
        threads=ctx.threads,
        timeout=ctx.seconds_left(),
    )
    return target


CUT_JOB_CLIPS = FanOut(
    "JOB_CLIP_EXTRACTION",
    plan=plan_job_clips,
    each_row=cut_job_clips,
    row=4,
    gives=JobClips,
    resources=Resources(cpus=0.5, custom={"clip_extraction": 1}),
    timeout=3600,
    tolerate=0.9,
)
