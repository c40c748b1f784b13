"""AUDIO_UPLOAD: the staged sound under the name that others know it by."""

from __future__ import annotations

from moments_ray.pipeline import Context, Resources, stage
from moments_ray.stages.names import content_mark
from moments_ray.stages.values import AudioObject, AudioTrack


@stage(
    "AUDIO_UPLOAD",
    resources=Resources(cpus=0.1),
    timeout=600,
    skip_when=lambda audio: "the video has no sound" if audio is None else None,
    reusable=True,
)
async def upload_audio(ctx: Context, audio: AudioTrack | None) -> AudioObject:
    """Publish the sound: a move within the store, named by its content, so that doing it twice is doing it once."""
    assert audio is not None  # noqa: S101 - else the stage is skipped
    name = f"videos/{ctx.subject}/audio-{content_mark(audio.checksum)}.wav"
    stored = await ctx.store.promote(audio.staged, name)
    return AudioObject(name=name, duration=audio.duration, bytes=stored.bytes)
