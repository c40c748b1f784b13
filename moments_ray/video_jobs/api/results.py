"""What a job made, as files, and what happened in it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Response

from moments_ray.database.tables import Run, RunStage
from moments_ray.errors import NotFound
from moments_ray.http.dependencies import Dependencies, Identifier
from moments_ray.http.paging import SSE, AfterEvent, Limit
from moments_ray.http.problems import problems
from moments_ray.http.redirects import SIGNED, RedirectQuery, signed_answer
from moments_ray.http.routes.runs import list_run_events
from moments_ray.http.schemas.runs import EventPage
from moments_ray.library.api.schemas import TranscriptColumns, TranscriptView
from moments_ray.library.api.transcripts import FormatQuery, transcript_answer
from moments_ray.library.queries.transcripts import Transcripts
from moments_ray.library.stages.transcription import transcribe_speech
from moments_ray.library.values import TranscriptRef
from moments_ray.states import StageStatus
from moments_ray.video_jobs.api.views import ROOT
from moments_ray.video_jobs.options import MOST_CLIPS
from moments_ray.video_jobs.queries.jobs import Jobs
from moments_ray.video_jobs.stages.audio import encode_job_audio
from moments_ray.video_jobs.stages.clips import CUT_JOB_CLIPS
from moments_ray.video_jobs.values import EncodedAudio, JobClip, JobClips

router = APIRouter(prefix=f"{ROOT}/{{job_id}}", tags=["jobs"])

Number = Annotated[int, Path(ge=1, le=MOST_CLIPS, description="its place in `generated_clips`, from 1")]


@router.get("/audio", response_class=Response, responses=SIGNED)
async def read_job_audio(dependencies: Dependencies, job_id: Identifier, redirect: RedirectQuery = True) -> Response:
    """Redirect to the sound file."""
    _, output = await _output(dependencies, job_id, encode_job_audio.name)
    name = None if output is None else EncodedAudio.model_validate(output).name
    return await _file(dependencies, name, "The sound file", redirect=redirect)


@router.get("/clips/{number}", response_class=Response, responses=SIGNED)
async def read_job_clip(
    dependencies: Dependencies, job_id: Identifier, number: Number, redirect: RedirectQuery = True
) -> Response:
    """Redirect to a clip."""
    clip = await _clip(dependencies, job_id, number)
    return await _file(dependencies, clip.name, "The clip", redirect=redirect)


@router.get("/clips/{number}/thumbnail", response_class=Response, responses=SIGNED)
async def read_job_clip_thumbnail(
    dependencies: Dependencies, job_id: Identifier, number: Number, redirect: RedirectQuery = True
) -> Response:
    """Redirect to a picture from the middle of a clip."""
    clip = await _clip(dependencies, job_id, number)
    return await _file(dependencies, clip.thumbnail, "The picture", redirect=redirect)


@router.get(
    "/transcript",
    response_model=TranscriptView | TranscriptColumns,
    responses={
        200: {
            "content": {
                kind: {"schema": {"type": "string"}} for kind in ("text/plain", "text/vtt", "application/x-subrip")
            }
        },
        **problems(404),
    },
)
async def read_job_transcript(
    dependencies: Dependencies, job_id: Identifier, kind: FormatQuery = "json"
) -> TranscriptView | TranscriptColumns | Response:
    """Return what was said, as the job heard it."""
    run, output = await _output(dependencies, job_id, transcribe_speech.name)
    row = None
    if output is not None and run.video_id is not None:
        async with dependencies.environment.database.read() as session:
            row = await Transcripts(session).get(run.video_id, TranscriptRef.model_validate(output).engine)
    if row is None:
        raise NotFound("The transcript of this job is not there: not yet, or its type gives none.")
    return await transcript_answer(row, kind)


async def _output(dependencies: Dependencies, job: str, stage: str) -> tuple[Run, dict[str, Any] | None]:
    async with dependencies.environment.database.read() as session:
        run, _ = await Jobs(session).get(job)
        found: RunStage | None = (await Jobs(session).stages([run]))[run.id].get(stage)
    return run, None if found is None or found.status != StageStatus.COMPLETED else found.output


async def _clip(dependencies: Dependencies, job: str, number: int) -> JobClip:
    _, output = await _output(dependencies, job, CUT_JOB_CLIPS.name)
    clips = () if output is None else JobClips.model_validate(output).items
    found = next((clip for clip in clips if clip.number == number), None)
    if found is None:
        raise NotFound(f"There is no clip {number} of this job: not yet, or fewer were made.")
    return found


async def _file(dependencies: Dependencies, name: str | None, what: str, *, redirect: bool) -> Response:
    uri = None if name is None else dependencies.environment.store.uri(name)
    return await signed_answer(dependencies, uri, what, redirect=redirect)


@router.get(
    "/events",
    response_model=EventPage,
    responses={
        200: {"content": {SSE: {"schema": {"type": "string"}}}},
        204: {"description": "To a stream that would be empty: the job is finished, and its last event is known."},
        **problems(404),
    },
)
async def list_job_events(
    dependencies: Dependencies,
    job_id: Identifier,
    *,
    after: AfterEvent = None,
    limit: Limit = 100,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
    last_event_id: Annotated[str | None, Header(description="of a stream that broke: it goes on there")] = None,
) -> EventPage | Response:
    """Return what happened in a job; as ``text/event-stream``, where that is accepted, until it is finished."""
    async with dependencies.environment.database.read() as session:
        await Jobs(session).get(job_id)
    return await list_run_events(
        dependencies, job_id, after=after, limit=limit, accept=accept, last_event_id=last_event_id
    )
