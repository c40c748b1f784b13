"""What a page draws under a video and snaps edges to: loudness, words, sentences, pauses and shots."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from moments_ray.database.tables import Video
from moments_ray.errors import NotFound
from moments_ray.http.container import Container
from moments_ray.http.dependencies import Dependencies, Identifier
from moments_ray.http.problems import problems
from moments_ray.http.schemas.base import Shape
from moments_ray.library.queries.transcripts import Transcripts
from moments_ray.library.queries.videos import Videos
from moments_ray.library.signals import load_signals, signals_name
from moments_ray.library.transcripts import transcript_of
from moments_ray.media.signals import Signals
from moments_ray.speech.sentences import sentences
from moments_ray.speech.transcript import Transcript

router = APIRouter(prefix="/api/videos/{video_id}", tags=["moments"])

_SILENT_DB = -60.0
_LOUDNESS_STEP = 0.1  # seconds


class Waveform(Shape):
    """How loud a video is, in equal steps from its start; nothing where it has no sound."""

    duration: float = Field(description="seconds")
    step: float = Field(description="seconds of each point")
    mean: list[int] = Field(description="0 to 255, of the decibels from -60 to 0")
    peak: list[int] = Field(description="the loudest tenth of a second of each step, in the same scale")


Span = Annotated[list[float], Field(min_length=2, max_length=2, description="start and end")]


class Boundaries(Shape):
    """Where edges of moments may be set, in seconds; spans are ``[start, end]``."""

    words: list[Span]
    sentences: list[Span]
    silences: list[Span]
    shots: list[float] = Field(description="where each new one begins")


@router.get("/waveform", responses=problems(404))
async def read_waveform(
    dependencies: Dependencies,
    video_id: Identifier,
    points: Annotated[int, Query(ge=1, le=20_000, description="how many at most")] = 2000,
) -> Waveform:
    """Return how loud a video is; it is known once moments were looked for."""
    async with dependencies.environment.database.read() as session:
        video = await Videos(session).get(video_id)
    signals = await _signals(dependencies, video)
    return await asyncio.to_thread(waveform, signals.loudness, video.duration or 0.0, points)


@router.get("/boundaries", responses=problems(404))
async def list_boundaries(
    dependencies: Dependencies,
    video_id: Identifier,
    start: Annotated[float, Query(alias="from", ge=0, le=1e9, description="seconds")] = 0.0,
    end: Annotated[float | None, Query(alias="to", ge=0, le=1e9, description="seconds")] = None,
) -> Boundaries:
    """Return where words, sentences, pauses and shots of a video begin and end, all or those that touch a stretch."""
    async with dependencies.environment.database.read() as session:
        video = await Videos(session).get(video_id)
        row = await Transcripts(session).get(video.id)
    until = float("inf") if end is None else end
    try:
        signals = await _signals(dependencies, video)
    except NotFound:
        if row is None:
            raise
        signals = Signals()
    transcript = None if row is None else transcript_of(row)
    return await asyncio.to_thread(boundaries, transcript, signals, start, until)


def waveform(loudness: Sequence[float], duration: float, points: int) -> Waveform:
    """Return levels of a tenth of a second each (dBFS) as at most so many points."""
    each = max(1, -(-len(loudness) // points))
    parts = [loudness[at : at + each] for at in range(0, len(loudness), each)]
    return Waveform(
        duration=duration,
        step=each * _LOUDNESS_STEP,
        mean=[_byte(sum(max(level, _SILENT_DB) for level in part) / len(part)) for part in parts],
        peak=[_byte(max(part)) for part in parts],
    )


def boundaries(transcript: Transcript | None, signals: Signals, start: float, end: float) -> Boundaries:
    """Return what of a video touches the seconds from ``start`` to ``end``."""
    words = () if transcript is None else transcript.words
    spoken = () if transcript is None else sentences(transcript)
    return Boundaries(
        words=[[word.start, word.end] for word in words if word.end >= start and word.start <= end],
        sentences=[[each.start, each.end] for each in spoken if each.end >= start and each.start <= end],
        silences=[list(span) for span in signals.silences if span[1] >= start and span[0] <= end],
        shots=[shot for shot in signals.shots if start <= shot <= end],
    )


def _byte(level: float) -> int:
    return round(255 * min(1.0, max(0.0, 1 - level / _SILENT_DB)))


async def _signals(container: Container, video: Video) -> Signals:
    """Return what was measured of a video's sound and picture.

    Raises:
        NotFound: nothing was yet.
    """
    store = container.environment.store
    if video.checksum is not None:
        name = signals_name(video.identifier, video.checksum)
        if await store.exists(name):
            return await load_signals(store, name)
    raise NotFound("The video's sound and picture were not measured yet: they are when moments are looked for.")
