"""AUDIO_ENCODING: the sound of a video as a file to keep."""

from __future__ import annotations

from moments_ray.engine import Context, Resources, stage
from moments_ray.errors import UnsupportedMedia
from moments_ray.library.objects import put_by_content
from moments_ray.library.values import SourceVideo
from moments_ray.media.audio_encoding import content_type_of, encode_audio, largest_bytes
from moments_ray.video_jobs.values import AudioOptions, EncodedAudio

NO_SOUND = "The video has no sound."


def _nothing_to_encode(video: SourceVideo, options: AudioOptions) -> str | None:
    return None if video.info.has_audio or options.required else NO_SOUND


@stage(
    "AUDIO_ENCODING",
    resources=Resources(cpus=1, custom={"audio_extraction": 1}),
    timeout=3600,
    skip_when=_nothing_to_encode,
)
async def encode_job_audio(ctx: Context, video: SourceVideo, options: AudioOptions) -> EncodedAudio:
    """Encode the default sound track; the file is the job's own, and goes with it.

    Raises:
        UnsupportedMedia: the video has no sound.
    """
    if not video.info.has_audio:
        raise UnsupportedMedia(NO_SOUND)
    ctx.require_free_space(largest_bytes(video.info))
    target = ctx.scratch / f"audio.{options.audio_format}"
    async with ctx.cache.open(ctx.store.uri(video.name)) as source:
        sound = await encode_audio(
            source,
            video.info,
            target,
            audio_format=options.audio_format,
            quality=options.quality,
            settings=ctx.settings.media,
            threads=ctx.threads,
            timeout=ctx.seconds_left(),
            on_progress=ctx.report,
        )
    stem = f"{ctx.folder}/audio"
    stored = await put_by_content(ctx, stem, target, content_type=content_type_of(options.audio_format))
    return EncodedAudio(name=stored.name, audio_format=options.audio_format, **sound.model_dump())
