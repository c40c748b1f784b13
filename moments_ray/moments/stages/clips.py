"""CLIP_EXTRACTION and CLIP_UPLOAD: each moment, with its padding, as the clip that its refiner watches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from moments_ray.database.session import WriteSession
from moments_ray.engine import Context, FanOut, Resources
from moments_ray.errors import MediaError, MomentsError, error_of_code
from moments_ray.ids import ClipId, MomentId, clip_id
from moments_ray.library.objects import content_mark, put_by_content, video_folder
from moments_ray.library.queries.videos import Videos
from moments_ray.library.values import SourceVideo
from moments_ray.media.cut import Caption, Clip, CutFailure, CutRange, cut_clips, cut_clips_of_url
from moments_ray.media.thumbnails import thumbnail
from moments_ray.moments.queries.moments import Moments
from moments_ray.moments.values import (
    ClipObject,
    GeneratedMoments,
    MomentItem,
    RefinementOptions,
    StagedClip,
    StagedClips,
    StagedPicture,
    WatchedClips,
)
from moments_ray.process.metrics import BYTES_MOVED, CLIPS_CUT
from moments_ray.speech.captions import subtitles
from moments_ray.speech.transcript import Transcript
from moments_ray.states import ClipStatus

WATCHED_PRESET = "source"
# Matroska keeps times in whole milliseconds: a frame may stand up to half of one before the k/fps that is asked for.
TICK_SECONDS = 0.0006
_ROOM_FACTOR = 2.0  # what is re-encoded takes more than what is copied
# From here on a source that is not on this node is not loaded for clips of a small part of it: a request a piece, and
# whole groups of pictures around the edges, are then less than the rest.
_LARGE_BYTES = 128 * 1024**2
_SMALL_SHARE = 0.25


async def plan_clips(ctx: Context, video: SourceVideo, generated: GeneratedMoments) -> Sequence[MomentItem]:
    """Make an item of every moment, with the room it has up to the middle between it and its neighbours."""
    moments = generated.moments
    middles = [(before.end_time + after.start_time) / 2 for before, after in pairwise(moments)]
    rooms = zip([0.0, *middles], [*middles, video.info.duration], strict=True) if moments else []
    return [
        MomentItem(key=moment.identifier, rank=rank, moment=moment, earliest=earliest, latest=latest)
        for rank, (moment, (earliest, latest)) in enumerate(zip(moments, rooms, strict=True))
    ]


async def cut_watched_clips(
    ctx: Context, items: Sequence[MomentItem], video: SourceVideo, options: RefinementOptions
) -> Sequence[StagedClip | MomentsError]:
    """Cut the clips of several moments in one pass over the source, and stage them."""
    ranges = [
        CutRange(
            name=item.key,
            start=max(0.0, item.moment.start_time - options.padding_left),
            end=min(video.info.duration, item.moment.end_time + options.padding_right),
        )
        for item in items
    ]
    return await cut_and_stage(ctx, video, ranges)


async def cut_to_scratch(ctx: Context, video: SourceVideo, ranges: Sequence[CutRange]) -> Sequence[Clip | MomentsError]:
    """Cut ranges of a video into files of this try, a clip or an error each."""
    uri = ctx.store.uri(video.name)
    seconds = sum(wanted.end - wanted.start for wanted in ranges)
    share = min(1.0, seconds / video.info.duration) if video.info.duration else 1.0
    to_load = await ctx.cache.bytes_to_load(uri)
    if to_load >= _LARGE_BYTES and share <= _SMALL_SHARE:
        ctx.require_free_space(int(_ROOM_FACTOR * share * to_load))
        cuts = await _cut_by_ranges(ctx, video, ranges)
    else:
        async with ctx.cache.open(uri) as source:
            ctx.require_free_space(int(_ROOM_FACTOR * share * source.stat().st_size))
            cuts = await cut_clips(
                source,
                ranges,
                ctx.scratch,
                settings=ctx.settings.media,
                threads=ctx.threads,
                timeout=ctx.seconds_left(),
            )
    for cut in cuts:
        ctx.environment.meter(CLIPS_CUT, method="failed" if isinstance(cut, CutFailure) else cut.method)
    return [_error_of(cut) if isinstance(cut, CutFailure) else cut for cut in cuts]


async def _cut_by_ranges(ctx: Context, video: SourceVideo, ranges: Sequence[CutRange]) -> Sequence[Clip | CutFailure]:
    """Cut from the store itself, which sends the source's index and what the clips need of it."""
    link = await ctx.store.signed_url(video.name, math.ceil(ctx.seconds_left()))
    cut = await cut_clips_of_url(
        link.url,
        ranges,
        ctx.scratch,
        settings=ctx.settings,
        threads=ctx.threads,
        timeout=ctx.seconds_left(),
    )
    ctx.environment.meter(BYTES_MOVED, cut.fetched_bytes, direction="loaded")
    return cut.clips


async def cut_and_stage(
    ctx: Context, video: SourceVideo, ranges: Sequence[CutRange]
) -> Sequence[StagedClip | MomentsError]:
    """Cut ranges of a video and put the clips into the store without final names, a clip or an error each."""
    outcomes: list[StagedClip | MomentsError] = []
    for cut in await cut_to_scratch(ctx, video, ranges):
        if isinstance(cut, MomentsError):
            outcomes.append(cut)
            continue
        name, picture = ctx.staged(f"clip-{cut.name}.mp4"), ctx.scratch / f"{cut.name}.jpg"
        try:
            await thumbnail(cut.path, cut.duration / 2, picture, settings=ctx.settings.media)
        except MediaError as error:
            outcomes.append(error)
            continue
        stored = await ctx.store.put_file(name, cut.path, content_type="video/mp4")
        shown = await ctx.store.put_file(ctx.staged(f"clip-{cut.name}.jpg"), picture, content_type="image/jpeg")
        outcomes.append(
            StagedClip(
                staged=name,
                picture=StagedPicture(staged=shown.name, checksum=shown.checksum),
                start_time=cut.start_time,
                end_time=cut.end_time,
                method=cut.method,
                fallback_reason=cut.fallback_reason,
                bytes=stored.bytes,
                checksum=stored.checksum,
                frames=cut.frames,
            )
        )
    return outcomes


def _error_of(failure: CutFailure) -> MomentsError:
    return error_of_code(failure.code, MediaError)(failure.message)


async def publish_clip(ctx: Context, video: SourceVideo, moment: str, preset: str, staged: StagedClip) -> ClipObject:
    """Give a staged clip and its picture their final names."""
    identifier, folder = clip_id(MomentId(moment), preset), video_folder(video.video)
    name = f"{folder}/clips/{identifier}-{content_mark(staged.checksum)}.mp4"
    await ctx.store.promote(staged.staged, name)
    stem = f"{folder}/thumbnails/{identifier}"
    if staged.picture is not None:
        picture = f"{stem}-{content_mark(staged.picture.checksum)}.jpg"
        await ctx.store.promote(staged.picture.staged, picture)
    else:
        target = ctx.scratch / f"{identifier}.jpg"
        async with ctx.cache.open(ctx.store.uri(name)) as clip:
            await thumbnail(clip, (staged.end_time - staged.start_time) / 2, target, settings=ctx.settings.media)
        picture = (await put_by_content(ctx, stem, target, content_type="image/jpeg")).name
    return ClipObject(
        identifier=identifier,
        name=name,
        thumbnail=picture,
        **staged.model_dump(include={"start_time", "end_time", "method", "fallback_reason", "bytes", "frames"}),
    )


async def record_clip(
    ctx: Context,
    session: WriteSession,
    video: SourceVideo,
    moment: str,
    preset: str,
    clip: ClipObject,
    *,
    span: tuple[float, float],
) -> None:
    """Write the rows that make a clip and its picture the ones that count; ``span`` is the moment's own."""
    stored = await ctx.store.stat(clip.name)
    repository = Moments(session)
    await repository.put_clip(
        moment,
        preset,
        identifier=clip.identifier,
        video_id=await Videos(session).key_of(video.video),
        cloud_url=stored.uri,
        start_time=clip.start_time,
        end_time=clip.end_time,
        moment_start_time=span[0],
        moment_end_time=span[1],
        padding_left=max(0.0, span[0] - clip.start_time),
        padding_right=max(0.0, clip.end_time - span[1]),
        method=clip.method,
        bytes=stored.bytes,
        checksum=stored.checksum,
        status=ClipStatus.COMPLETED,
        error=None,
    )
    await repository.set_clip_thumbnail(ClipId(clip.identifier), ctx.store.uri(clip.thumbnail))


async def upload_watched_clip(
    ctx: Context, item: MomentItem, before: StagedClip | None, video: SourceVideo, options: RefinementOptions
) -> ClipObject:
    """Publish the clip of a moment; ``options`` decide whether there is one."""
    assert before is not None  # noqa: S101 - both fan-outs are skipped together
    clip = await publish_clip(ctx, video, item.moment.identifier, WATCHED_PRESET, before)
    span = (item.moment.start_time, item.moment.end_time)

    async def write(session: WriteSession) -> None:
        await record_clip(ctx, session, video, item.moment.identifier, WATCHED_PRESET, clip, span=span)

    ctx.record(write)
    return clip


def _cannot_watch(options: RefinementOptions) -> str | None:
    return None if options.watches_video else f"{options.model} cannot watch video"


CUT_CLIPS = FanOut(
    "CLIP_EXTRACTION",
    plan=plan_clips,
    each_row=cut_watched_clips,
    row=4,
    gives=StagedClips,
    resources=Resources(cpus=0.5, custom={"clip_extraction": 1}),
    timeout=1800,
    tolerate=0.9,
    skip_when=_cannot_watch,
)

UPLOAD_CLIPS = FanOut(
    "CLIP_UPLOAD",
    each=upload_watched_clip,
    gives=WatchedClips,
    resources=Resources(cpus=0.5),
    tolerate=0.9,
    skip_when=_cannot_watch,
)


def drawn_captions(transcript: Transcript) -> tuple[Caption, ...]:
    """Return a transcript as captions, in seconds from the start of the source."""
    cues = subtitles(transcript)
    return tuple(Caption(start=cue.start, end=cue.end, text="\n".join(cue.lines)) for cue in cues)
