"""A video's transcript, in the formats that others read."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from moments_ray.database.tables import TranscriptRow
from moments_ray.errors import NotFound
from moments_ray.http.dependencies import Dependencies, IdempotencyKey, Identifier
from moments_ray.http.problems import problems
from moments_ray.library.api.schemas import TranscriptColumns, TranscriptView, VideoStarted
from moments_ray.library.api.starting import STARTS, Library, started
from moments_ray.library.options import TranscriptFormat, TranscriptOptions
from moments_ray.library.queries.transcripts import Transcripts
from moments_ray.library.queries.videos import Videos
from moments_ray.library.transcripts import transcript_of
from moments_ray.speech.captions import write_srt, write_txt, write_vtt
from moments_ray.speech.sentences import sentences

router = APIRouter(prefix="/api/videos/{video_id}/transcript", tags=["transcripts"])

_WRITERS = {
    "txt": (write_txt, "text/plain"),
    "srt": (write_srt, "application/x-subrip"),
    "vtt": (write_vtt, "text/vtt"),
}
_DEFAULTS = TranscriptOptions()
_TEXT = {"schema": {"type": "string"}}
FormatQuery = Annotated[
    TranscriptFormat | Literal["columns"], Query(alias="format", description="`columns`: words and times as lists")
]


@router.get(
    "",
    response_model=TranscriptView | TranscriptColumns,
    responses={200: {"content": {kind: _TEXT for _, kind in _WRITERS.values()}}, **problems(404)},
)
async def read_transcript(
    dependencies: Dependencies, video_id: Identifier, kind: FormatQuery = "json"
) -> TranscriptView | TranscriptColumns | Response:
    """Return what was said in a video, as its newest transcript has it."""
    async with dependencies.environment.database.read() as session:
        video = await Videos(session).get(video_id)
        row = await Transcripts(session).get(video.id)
    if row is None:
        raise NotFound(f"There is no transcript of video {video_id} yet; ask for one with POST to the same address.")
    return await transcript_answer(row, kind)


async def transcript_answer(
    row: TranscriptRow, kind: TranscriptFormat | Literal["columns"]
) -> TranscriptView | TranscriptColumns | Response:
    """Return a transcript in a format."""
    if kind == "json":
        return TranscriptView.of(row)
    if kind == "columns":
        return await asyncio.to_thread(_columns, row)
    write, media_type = _WRITERS[kind]
    return Response(write(transcript_of(row)), media_type=media_type)


def _columns(row: TranscriptRow) -> TranscriptColumns:
    transcript = transcript_of(row)
    return TranscriptColumns(
        engine=row.engine,
        language=row.language,
        words=[word.text for word in transcript.words],
        starts=[word.start for word in transcript.words],
        ends=[word.end for word in transcript.words],
        sentences=[each.first_word for each in sentences(transcript)],
        is_timed=not transcript.words_estimated,
        created_at=row.created_at,
    )


@router.post("", status_code=202, response_model=VideoStarted, responses=STARTS)
async def transcribe_video(
    library: Library,
    video_id: Identifier,
    response: Response,
    options: TranscriptOptions = _DEFAULTS,
    key: IdempotencyKey = None,
) -> VideoStarted:
    """Have a video transcribed."""
    return started(await library.transcript(video_id, options, key), response)
