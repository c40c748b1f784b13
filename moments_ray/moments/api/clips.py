"""Clips: how they stand, and watching them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from moments_ray.database.session import ReadSession
from moments_ray.database.tables import ClipRow, MomentRow
from moments_ray.engine.queries.run_lists import RunLists
from moments_ray.errors import NotFound
from moments_ray.http.dependencies import Dependencies, IdempotencyKey, Identifier
from moments_ray.http.problems import problems
from moments_ray.http.redirects import SIGNED, DownloadQuery, RedirectQuery, signed_answer
from moments_ray.library.api.schemas import VideoStarted
from moments_ray.library.api.starting import STARTS, started
from moments_ray.library.queries.transcripts import Transcripts
from moments_ray.library.queries.videos import Videos
from moments_ray.library.transcripts import transcript_of
from moments_ray.media.downloaded import file_name
from moments_ray.moments.api.dependencies import Starting
from moments_ray.moments.api.schemas import ClipExtractionStatus, ClipProgress
from moments_ray.moments.options import ExtractClipsOptions
from moments_ray.moments.queries.clips import ClipQueries
from moments_ray.moments.queries.moments import Moments
from moments_ray.speech.captions import write_srt, write_vtt
from moments_ray.states import ClipStatus

router = APIRouter(prefix="/api", tags=["clips"])

_DEFAULTS = ExtractClipsOptions()
_CLIP_STAGES = ("CLIP_EXTRACTION", "CLIP_UPLOAD", "MOMENT_REFINEMENT")

_CAPTION_WRITERS = {"srt": (write_srt, "application/x-subrip"), "vtt": (write_vtt, "text/vtt")}
_CAPTIONS: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {"schema": {"type": "string"}} for _, kind in _CAPTION_WRITERS.values()}}
}
CaptionsFormat = Annotated[Literal["srt", "vtt"], Query(alias="format")]
PresetQuery = Annotated[
    str | None, Query(max_length=40, description="the clip of this preset; unset: the one made last")
]


@router.get("/clips/{moment_id}/stream", response_class=Response, responses=SIGNED)
async def stream_clip(
    dependencies: Dependencies,
    moment_id: Identifier,
    *,
    redirect: RedirectQuery = True,
    preset: PresetQuery = None,
    download: DownloadQuery = False,
) -> Response:
    """Redirect to the bytes of a moment's clip, which can be read by ranges."""
    async with dependencies.environment.database.read() as session:
        moment = await Moments(session).get(moment_id)
        clip = await _playable(session, moment, preset)
    filename = file_name(moment.title, ".mp4") if download else None
    uri = None if clip is None else clip.cloud_url
    return await signed_answer(dependencies, uri, "The moment's clip", redirect=redirect, filename=filename)


@router.get("/clips/{moment_id}/thumbnail", response_class=Response, responses=SIGNED)
async def read_clip_thumbnail(
    dependencies: Dependencies, moment_id: Identifier, redirect: RedirectQuery = True, preset: PresetQuery = None
) -> Response:
    """Redirect to a picture from a moment's clip."""
    async with dependencies.environment.database.read() as session:
        clip = await _playable(session, await Moments(session).get(moment_id), preset)
        pictures = await ClipQueries(session).thumbnails([clip.id]) if clip is not None else {}
    return await signed_answer(
        dependencies, next(iter(pictures.values()), None), "The clip's picture", redirect=redirect
    )


@router.get("/clips/{moment_id}/captions", response_class=Response, responses={**_CAPTIONS, **problems(404)})
async def read_clip_captions(
    dependencies: Dependencies, moment_id: Identifier, kind: CaptionsFormat = "vtt", preset: PresetQuery = None
) -> Response:
    """Return what is said in a moment's clip, with times from the clip's start: to be shown beside it."""
    async with dependencies.environment.database.read() as session:
        moment = await Moments(session).get(moment_id)
        clip = await _playable(session, moment, preset)
        transcript = await Transcripts(session).get(moment.video_id)
    if clip is None or transcript is None:
        raise NotFound(f"The moment's {'clip' if clip is None else 'transcript'} is not here yet.")
    write, media_type = _CAPTION_WRITERS[kind]
    return Response(write(transcript_of(transcript), clip.start_time, clip.end_time), media_type=media_type)


async def _playable(session: ReadSession, moment: MomentRow, preset: str | None) -> ClipRow | None:
    """Return the clip of a preset, or the one that was made last; None while there is none."""
    clips = (await ClipQueries(session).clips_of([moment.id]))[moment.id]
    done = [clip for clip in clips if clip.status == ClipStatus.COMPLETED and preset in {None, clip.preset}]
    return done[-1] if done else None


@router.get("/videos/{video_id}/clip-extraction-status", responses=problems(404))
async def read_clip_extraction_status(dependencies: Dependencies, video_id: Identifier) -> ClipExtractionStatus:
    """Tell how the clips of the moments that a user sees stand."""
    async with dependencies.environment.database.read() as session:
        video = await Videos(session).get(video_id)
        moments = await Moments(session).of_video(video.id)
        clips = await ClipQueries(session).clips_of([moment.id for moment in moments])
        parents = await Moments(session).identifiers([each.parent_id for each in moments if each.parent_id is not None])
        failures = await RunLists(session).item_errors(video_id, _CLIP_STAGES)
    shown = [
        ClipProgress(
            moment_id=moment.identifier, clip_id=clip.identifier, status=ClipStatus(clip.status), error=clip.error
        )
        for moment in moments
        for clip in clips[moment.id]
    ]
    for moment in moments:
        if not clips[moment.id]:
            parent = parents.get(moment.parent_id or 0, "")
            error = failures.get(moment.identifier) or failures.get(parent)
            status = ClipStatus.FAILED if error else ClipStatus.PENDING
            shown.append(ClipProgress(moment_id=moment.identifier, clip_id=None, status=status, error=error))
    statuses = [clip.status for clip in shown]
    worst = (ClipStatus.PENDING, ClipStatus.FAILED)
    return ClipExtractionStatus(
        status=next((status for status in worst if status in statuses), ClipStatus.COMPLETED),
        total=len(shown),
        completed=statuses.count(ClipStatus.COMPLETED),
        failed=statuses.count(ClipStatus.FAILED),
        clips=shown,
    )


@router.post("/videos/{video_id}/extract-clips", status_code=202, response_model=VideoStarted, responses=STARTS)
async def extract_clips(
    starting: Starting,
    video_id: Identifier,
    response: Response,
    options: ExtractClipsOptions = _DEFAULTS,
    key: IdempotencyKey = None,
) -> VideoStarted:
    """Have clips of moments cut."""
    return started(await starting.clips(video_id, options, key), response)
