"""What moments of a video are placed by, read back from where earlier stages left it."""

from __future__ import annotations

from moments_ray.database.repositories.transcripts import Transcripts
from moments_ray.database.repositories.videos import Videos
from moments_ray.database.tables import TranscriptRow
from moments_ray.errors import StageFailed
from moments_ray.media.probe import MediaInfo
from moments_ray.media.signals import Signals, measure
from moments_ray.moments.frames import FrameGrid
from moments_ray.pipeline import Context
from moments_ray.speech.transcript import Segment, Transcript, Word
from moments_ray.stages.names import content_mark
from moments_ray.stages.values import HeardSpeech, SourceVideo


async def read_transcript(ctx: Context, heard: HeardSpeech) -> tuple[Transcript, int]:
    """Return the transcript that TRANSCRIPTION wrote, and its key; raises as ``read_transcript_by``."""
    return await read_transcript_by(ctx, heard.engine)


async def read_transcript_by(ctx: Context, engine: str) -> tuple[Transcript, int]:
    """Return what an engine heard, and the transcript's key.

    Raises:
        StageFailed: it was deleted meanwhile.
    """
    async with ctx.read() as session:
        video = await Videos(session).key_of(ctx.subject)
        row = await Transcripts(session).get(video, engine)
    if row is None:
        raise StageFailed(f"the transcript by {engine} is gone; retry the run from TRANSCRIPTION")
    return transcript_of(row), row.id


def transcript_of(row: TranscriptRow) -> Transcript:
    """Return a stored transcript as the value it was."""
    return Transcript(
        engine=row.engine,
        language=row.language,
        words=tuple(Word(text=w["word"], start=w["start"], end=w["end"]) for w in row.word_timestamps),
        segments=tuple(Segment.model_validate(segment) for segment in row.segment_timestamps),
        words_estimated=bool(row.health.get("words_estimated", False)),
        health=row.health,
    )


async def measured_signals(ctx: Context, video: SourceVideo) -> tuple[Signals, str]:
    """Measure sound and picture once a content; a second run of the video reads the figures back."""
    name = f"videos/{ctx.subject}/signals-{content_mark(video.checksum)}.json"
    if await ctx.store.exists(name):
        return await read_signals(ctx, name), name
    async with ctx.cache.open(ctx.store.uri(video.name)) as source:
        signals = await measure(
            source, video.info, settings=ctx.settings.media, threads=ctx.threads, timeout=ctx.seconds_left()
        )
    await ctx.store.put_bytes(name, signals.model_dump_json().encode(), content_type="application/json")
    return signals, name


async def read_signals(ctx: Context, name: str) -> Signals:
    """Return what was measured of a video's sound and picture."""
    stored = await ctx.store.stat(name)
    return Signals.model_validate_json(await ctx.store.read_range(name, 0, stored.bytes))


def frame_grid(info: MediaInfo) -> FrameGrid | None:
    """Return where edges can lie; None where the distances between frames vary, and the cut decides."""
    return None if info.vfr else FrameGrid(fps=info.fps)
