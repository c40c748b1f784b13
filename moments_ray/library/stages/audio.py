"""AUDIO_EXTRACTION: the sound, as speech recognisers want it."""

from __future__ import annotations

from moments_ray.engine import Context, Resources, stage
from moments_ray.library.objects import content_mark, video_folder
from moments_ray.library.values import AudioObject, AudioTrack, SourceVideo
from moments_ray.media.audio import BYTES_PER_SECOND, extract_audio


def _no_sound(video: SourceVideo) -> str | None:
    return None if video.info.has_audio else "the video has no sound"


@stage(
    "AUDIO_EXTRACTION",
    resources=Resources(cpus=1, custom={"audio_extraction": 1}),
    timeout=1800,
    skip_when=_no_sound,
    reusable=True,
)
async def extract_speech_audio(ctx: Context, video: SourceVideo) -> AudioTrack:
    """Stage the default sound track as 16 kHz mono WAV; its output must outlive this node, so it is an object."""
    ctx.require_free_space(int(video.info.duration * BYTES_PER_SECOND))
    target = ctx.scratch / "audio.wav"
    async with ctx.cache.open(ctx.store.uri(video.name)) as source:
        audio = await extract_audio(
            source,
            video.info,
            target,
            settings=ctx.settings.media,
            threads=ctx.threads,
            timeout=ctx.seconds_left(),
            on_progress=ctx.report,
        )
    name = ctx.staged("audio.wav")
    stored = await ctx.store.put_file(name, target, content_type="audio/wav")
    await ctx.cache.keep(stored, target, _published_name(video, stored.checksum))
    return AudioTrack(staged=name, duration=audio.duration, bytes=stored.bytes, checksum=stored.checksum)


def _published_name(video: SourceVideo, checksum: str) -> str:
    return f"{video_folder(video.video)}/audio-{content_mark(checksum)}.wav"


@stage(
    "AUDIO_UPLOAD",
    resources=Resources(cpus=0),
    timeout=600,
    skip_when=lambda audio: "the video has no sound" if audio is None else None,
    reusable=True,
)
async def upload_audio(ctx: Context, video: SourceVideo, audio: AudioTrack | None) -> AudioObject:
    """Publish the sound: a move within the store, named by its content, so that doing it twice is doing it once."""
    assert audio is not None  # noqa: S101 - else the stage is skipped
    name = _published_name(video, audio.checksum)
    stored = await ctx.store.promote(audio.staged, name)
    return AudioObject(name=name, duration=audio.duration, bytes=stored.bytes)
