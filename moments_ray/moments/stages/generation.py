"""MOMENT_GENERATION: the moments of a video, by whoever was asked to find them."""

from __future__ import annotations

from moments_ray.database.session import WriteSession
from moments_ray.engine import Context, Resources, stage
from moments_ray.ids import moment_id
from moments_ray.library.queries.videos import Videos
from moments_ray.library.signals import measured_signals
from moments_ray.library.transcripts import read_transcript
from moments_ray.library.values import SourceVideo, TranscriptRef
from moments_ray.media.downloaded import SiteSignals
from moments_ray.moments.queries.moments import Moments
from moments_ray.moments.queries.sets import MomentSets
from moments_ray.moments.stages.model_calls import FindInputs, find
from moments_ray.moments.stages.signals import frame_grid, site_signals
from moments_ray.moments.values import GeneratedMoment, GeneratedMoments, GenerationOptions
from moments_ray.speech.transcript import Transcript


@stage("MOMENT_GENERATION", resources=Resources(cpus=1), timeout=1800)
async def generate_moments(
    ctx: Context, video: SourceVideo, heard: TranscriptRef, options: GenerationOptions
) -> GeneratedMoments:
    """Find the moments and write them, with the options that made them, each once."""
    transcript, transcript_key = await read_transcript(ctx, video, heard)
    inputs, signals_name = await find_inputs(ctx, video, transcript, options)
    found, record = await find(ctx, options, inputs)
    moments = tuple(
        GeneratedMoment(
            identifier=moment_id(ctx.run, rank),
            title=moment.title,
            start_time=moment.start_time,
            end_time=moment.end_time,
            score=moment.score,
            reason=moment.reason,
            provenance=moment.provenance,
        )
        for rank, moment in enumerate(found.moments)
    )

    async def write(session: WriteSession) -> None:
        repository = Moments(session)
        config = await repository.generation_config(
            user_prompt=record.user_prompt,
            system_prompt=record.system_prompt,
            transcript_key=transcript_key,
            sampling=record.sampling,
        )
        await repository.set_run_config(ctx.run, config)
        video_key = await Videos(session).key_of(video.video)
        sets = MomentSets(session)
        made_set = await sets.of_run(video_key, ctx.run, config)
        shared = {
            "video_id": video_key,
            "generation_config_id": config,
            "set_id": made_set.id,
            "is_refined": False,
        }
        await repository.put([shared | moment.model_dump(mode="json") for moment in moments])
        if not options.candidate and (moments or await sets.current(video_key) is None):
            await sets.promote(made_set)  # what finds nothing takes nothing away

    ctx.record(write)
    return GeneratedMoments(
        moments=moments, quality=found.quality, report=found.report, basis=found.basis, signals=signals_name
    )


async def find_inputs(
    ctx: Context, video: SourceVideo, transcript: Transcript, options: GenerationOptions
) -> tuple[FindInputs, str]:
    """Return what moments of a video are found by, and the name of the object with its signals."""
    signals, name = await measured_signals(ctx, video)
    wanted = options.site_signals or options.chapters
    inputs = FindInputs(
        transcript=transcript,
        signals=signals,
        site=await site_signals(ctx, video) if wanted else SiteSignals(),
        duration=video.info.duration,
        frames=frame_grid(video.info),
    )
    return inputs, name
