"""A video's transcript, in the formats that others read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from moments_ray.errors import NotFound
from moments_ray.http.dependencies import Dependencies, IdempotencyKey, Identifier
from moments_ray.http.problems import problems
from moments_ray.library.api.schemas import TranscriptView, VideoStarted
from moments_ray.library.api.starting import STARTS, Library, started
from moments_ray.library.options import TranscriptFormat, TranscriptOptions
from moments_ray.library.queries.transcripts import Transcripts
from moments_ray.library.queries.videos import Videos
from moments_ray.library.transcripts import transcript_of
from moments_ray.speech.captions import write_srt, write_txt, write_vtt

router = APIRouter(prefix="/api/videos/{video_id}/transcript", tags=["transcripts"])

_WRITERS = {
    "txt": (write_txt, "text/plain"),
    "srt": (write_srt, "application/x-subrip"),
    "vtt": (write_vtt, "text/vtt"),
}
_DEFAULTS = TranscriptOptions()
_TEXT = {"schema": {"type": "string"}}
FormatQuery = Annotated[TranscriptFormat, Query(alias="format")]


@router.get(
    "",
    response_model=TranscriptView,
    responses={200: {"content": {kind: _TEXT for _, kind in _WRITERS.values()}}, **problems(404)},
)
async def read_transcript(
    dependencies: Dependencies, video_id: Identifier, kind: FormatQuery = "json"
) -> TranscriptView | Response:
    """Return what was said in a video, as its newest transcript has it."""
    async with dependencies.environment.database.read() as session:
        video = await Videos(session).get(video_id)
        row = await Transcripts(session).get(video.id)
    if row is None:
        raise NotFound(f"There is no transcript of video {video_id} yet; ask for one with POST to the same address.")
    if kind == "json":
        return TranscriptView.of(row)
    write, media_type = _WRITERS[kind]
    return Response(write(transcript_of(row)), media_type=media_type)


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
