"""What moments of a video are placed by, read back from where earlier stages left it."""

from __future__ import annotations

from moments_ray.database.tables import TranscriptRow
from moments_ray.engine import Context
from moments_ray.errors import StageFailed
from moments_ray.library.queries.transcripts import Transcripts
from moments_ray.library.queries.videos import Videos
from moments_ray.library.values import SourceVideo, TranscriptRef
from moments_ray.speech.transcript import Segment, Transcript, Word


async def read_transcript(ctx: Context, video: SourceVideo, heard: TranscriptRef) -> tuple[Transcript, int]:
    """Return the transcript that TRANSCRIPTION wrote, and its key; raises as ``read_transcript_by``."""
    return await read_transcript_by(ctx, video, heard.engine)


async def read_transcript_by(ctx: Context, video: SourceVideo, engine: str) -> tuple[Transcript, int]:
    """Return what an engine heard, and the transcript's key.

    Raises:
        StageFailed: it was deleted meanwhile.
    """
    async with ctx.read() as session:
        key = await Videos(session).key_of(video.video)
        row = await Transcripts(session).get(key, engine)
    if row is None:
        raise StageFailed(f"The transcript by {engine} is gone; retry the run from TRANSCRIPTION.")
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
