"""MOMENT_REFINEMENT: a second look at each moment's edges, and the clip that the user plays."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from moments_ray.database.session import WriteSession
from moments_ray.engine import Context, FanOut, ItemFailure, Resources
from moments_ray.errors import ModelError, MomentsError
from moments_ray.ids import MomentId, fingerprint, refined_moment_id
from moments_ray.library.queries.videos import Videos
from moments_ray.library.signals import read_signals
from moments_ray.library.transcripts import read_transcript
from moments_ray.library.values import SourceVideo, TranscriptRef
from moments_ray.media.cut import Caption, CutRange
from moments_ray.moments.finding.moment import Moment, Step
from moments_ray.moments.finding.options import Bounds
from moments_ray.moments.finding.refine import Refinement, RefinementLimits
from moments_ray.moments.finding.snap import EdgeContext
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.moments.queries.moments import Moments
from moments_ray.moments.stages.clips import TICK_SECONDS, cut_and_stage, drawn_captions, publish_clip, record_clip
from moments_ray.moments.stages.model_calls import GenerationRecord, refine_edges
from moments_ray.moments.stages.signals import frame_grid
from moments_ray.moments.values import (
    ClipObject,
    DeliveryOptions,
    GeneratedMoment,
    GeneratedMoments,
    GenerationOptions,
    MomentItem,
    RefinedMoment,
    RefinedMoments,
    RefinementOptions,
)
from moments_ray.speech.transcript import Transcript

Config = Callable[[WriteSession], Awaitable[int]]


async def refine_moment(
    ctx: Context,
    item: MomentItem,
    before: ClipObject | None,
    video: SourceVideo,
    heard: TranscriptRef,
    generated: GeneratedMoments,
    generation: GenerationOptions,
    options: RefinementOptions,
    delivery: DeliveryOptions,
) -> RefinedMoment:
    """Refine a moment into a child moment, and cut the clip of its final edges; ``before`` is the clip to watch."""
    transcript, transcript_key = await read_transcript(ctx, video, heard)
    context = await _edge_context(ctx, video, transcript, generated)
    moment = Moment(**item.moment.model_dump(exclude={"identifier"}))
    limits = _limits(item, context, generation)
    refinement, record = await refine_edges(ctx, options, moment, context, limits, before)
    config = _config(record, transcript_key)
    return await _refined(ctx, item, video, transcript, refinement, options, delivery, config=config)


async def keep_generated(
    ctx: Context,
    item: MomentItem,
    video: SourceVideo,
    heard: TranscriptRef,
    options: RefinementOptions,
    delivery: DeliveryOptions,
    error: MomentsError,
) -> RefinedMoment:
    """Deliver a moment with the edges it was generated with: a refiner that fails costs nobody a clip.

    Raises:
        MomentsError: it was not the refiner that failed.
    """
    if not isinstance(error, ModelError):
        raise error
    transcript, _ = await read_transcript(ctx, video, heard)
    start, end = item.moment.start_time, item.moment.end_time
    reason = f"The refiner failed, so the generated edges stand: {error.message}"
    step = Step(step="refine", start_time=start, end_time=end, reason=reason)
    refinement = Refinement(start_time=start, end_time=end, moved=False, reason=reason, provenance=(step,))
    problem = ItemFailure(key=item.key, code=error.code, message=reason, retryable=error.retryable, detail=error.detail)
    return await _refined(ctx, item, video, transcript, refinement, options, delivery, problem=problem)


async def _refined(
    ctx: Context,
    item: MomentItem,
    video: SourceVideo,
    transcript: Transcript,
    refinement: Refinement,
    options: RefinementOptions,
    delivery: DeliveryOptions,
    *,
    config: Config | None = None,
    problem: ItemFailure | None = None,
) -> RefinedMoment:
    """Cut the clip of a moment's final edges, and record the child moment."""
    made_with = fingerprint({"model": options.model, "start": refinement.start_time, "end": refinement.end_time})
    identifier = refined_moment_id(MomentId(item.moment.identifier), made_with)
    captions = drawn_captions(transcript) if delivery.burn_captions else ()
    clip = await _delivered(ctx, video, identifier, refinement, delivery, captions)
    child = RefinedMoment(
        identifier=identifier,
        parent=item.moment.identifier,
        title=item.moment.title,
        start_time=refinement.start_time,
        end_time=refinement.end_time,
        score=item.moment.score,
        reason=item.moment.reason,
        provenance=(*item.moment.provenance, *refinement.provenance),
        clip=clip,
        problem=problem,
    )

    async def write(session: WriteSession) -> None:
        known = await config(session) if config else None
        await _write(ctx, session, video, item.moment, child, delivery, config=known)

    ctx.record(write)
    return child


def _config(record: GenerationRecord | None, transcript_key: int) -> Config | None:
    """Return what writes down what a model was told; None where it is the parent's, because no model was asked."""
    if record is None:
        return None

    async def write(session: WriteSession) -> int:
        return await Moments(session).generation_config(
            user_prompt=record.user_prompt,
            system_prompt=record.system_prompt,
            transcript_key=transcript_key,
            sampling=record.sampling,
        )

    return write


async def _edge_context(
    ctx: Context, video: SourceVideo, transcript: Transcript, generated: GeneratedMoments
) -> EdgeContext:
    timeline = Timeline.of(transcript, video.info.duration)
    if generated.basis != "speech":
        timeline = timeline.without_sentences()
    return EdgeContext(timeline, await read_signals(ctx, generated.signals), frame_grid(video.info))


def _limits(item: MomentItem, context: EdgeContext, generation: GenerationOptions) -> RefinementLimits:
    allowed = generation.find.bounds(context.timeline.duration)
    bounds = Bounds(
        max(allowed.earliest, item.earliest), min(allowed.latest, item.latest), allowed.shortest, allowed.longest
    )
    return RefinementLimits(bounds)


async def _delivered(
    ctx: Context,
    video: SourceVideo,
    moment: str,
    refinement: Refinement,
    delivery: DeliveryOptions,
    captions: tuple[Caption, ...],
) -> ClipObject | None:
    if not delivery.deliver_clips:
        return None
    start, end = max(0.0, refinement.start_time - TICK_SECONDS), refinement.end_time - TICK_SECONDS
    wanted = CutRange(name=moment, start=start, end=end, preset=delivery.preset, captions=captions)
    (staged,) = await cut_and_stage(ctx, video, [wanted])
    if isinstance(staged, MomentsError):
        raise staged
    return await publish_clip(ctx, video, moment, delivery.preset, staged)


async def _write(
    ctx: Context,
    session: WriteSession,
    video: SourceVideo,
    parent: GeneratedMoment,
    child: RefinedMoment,
    delivery: DeliveryOptions,
    *,
    config: int | None,
) -> None:
    repository = Moments(session)
    known = (await repository.by_identifiers([parent.identifier]))[parent.identifier]
    row = child.model_dump(mode="json", exclude={"parent", "clip", "problem"})
    await repository.put(
        [
            row
            | {
                "video_id": await Videos(session).key_of(video.video),
                "parent_id": known.id,
                "set_id": known.set_id,
                "is_refined": True,
                "generation_config_id": config or known.generation_config_id,
            }
        ]
    )
    if child.clip is not None:
        span = (child.start_time, child.end_time)
        await record_clip(ctx, session, video, child.identifier, delivery.preset, child.clip, span=span)


REFINE_MOMENTS = FanOut(
    "MOMENT_REFINEMENT",
    each=refine_moment,
    otherwise=keep_generated,
    gives=RefinedMoments,
    resources=Resources(cpus=0.5, custom={"clip_extraction": 1}),
    timeout=1800,
    tolerate=0.9,
)
