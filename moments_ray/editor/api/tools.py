"""Tools by name: what is said, beats, a picture, captions as a file, effects suggested."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from moments_ray.database.tables import Run, Video
from moments_ray.editor.api.dependencies import Wait, ended
from moments_ray.editor.api.schemas import ToolAnswer, ToolBody
from moments_ray.editor.chat import RULES, entry_of
from moments_ray.editor.export import captions_of
from moments_ray.editor.pipelines import BEATS
from moments_ray.editor.places import asset_at
from moments_ray.editor.suggestions import suggest, suggest_by_model
from moments_ray.editor.timeline import CaptionSegment
from moments_ray.editor.values import BeatGrid
from moments_ray.errors import Conflict, InvalidRequest
from moments_ray.http.dependencies import Dependencies
from moments_ray.http.problems import problems
from moments_ray.library.api.starting import Library
from moments_ray.library.options import TranscriptOptions
from moments_ray.library.queries.transcripts import Transcripts
from moments_ray.library.transcripts import transcript_of
from moments_ray.library.values import VideoRequest
from moments_ray.media.beats import Beats
from moments_ray.media.probe import MediaInfo
from moments_ray.media.thumbnails import thumbnail
from moments_ray.models.gateway import Gateway
from moments_ray.states import RunStatus

router = APIRouter(prefix="/api/tools", tags=["editor"])


class _Args(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


A = TypeVar("A", bound=_Args)


class _PathArgs(_Args):
    path: str = Field(max_length=1000)


class _TranscribeArgs(_PathArgs):
    model: str | None = Field(None, max_length=100)


class _ThumbnailArgs(_PathArgs):
    time: float = Field(1.5, ge=0, le=172_800)


class _CaptionArgs(_Args):
    segments: tuple[CaptionSegment, ...] = Field(max_length=5000)


class _SuggestArgs(_Args):
    transcript: str = Field("", max_length=200_000)
    beats: tuple[float, ...] = Field((), max_length=20_000)
    backend: str = Field("stub", max_length=50)


class _Waiting(Exception):
    """The work takes longer than its caller waits."""

    def __init__(self, run: Run) -> None:
        super().__init__(run.identifier)
        self.run = run


class _Tools:
    """The tools of one request."""

    def __init__(self, dependencies: Dependencies, library: Library, wait: float) -> None:
        self._container = dependencies
        self._environment = dependencies.environment
        self._library = library
        self._wait = wait

    async def transcribe(self, args: dict[str, Any]) -> dict[str, Any]:
        """Return what is said in an asset; ``model`` is noted, the deployment's recognisers decide."""
        asked = _checked(_TranscribeArgs, args)
        video = await self._video(asked.path)
        async with self._environment.database.read() as session:
            row = await Transcripts(session).get(video.id)
        if row is None:
            started = await self._library.transcript(video.identifier, TranscriptOptions(), None)
            if started.run is not None:
                await self._until_ended(started.run)
            async with self._environment.database.read() as session:
                row = await Transcripts(session).get(video.id)
        if row is None:
            raise Conflict("This video has no transcript: see its newest run.")
        heard = transcript_of(row)
        segments = [
            {
                **segment.model_dump(include={"text", "start", "end"}),
                "words": [word.model_dump() for word in heard.words if segment.start <= word.start < segment.end],
            }
            for segment in heard.segments
        ]
        return {"segments": segments, "text": heard.text, "language": heard.language, "engine": heard.engine}

    async def beats(self, args: dict[str, Any]) -> dict[str, Any]:
        """Return tempo and beats of an asset's sound."""
        video = await self._video(_checked(_PathArgs, args).path)
        request = VideoRequest(source=await self._library.source(video))
        run = await self._until_ended((await self._library.run_service.start(BEATS, request)).run)
        if run.result is None:
            found = Beats()
        else:
            name = BeatGrid.model_validate(run.result).name
            stored = await self._environment.store.stat(name)
            found = Beats.model_validate_json(await self._environment.store.read_range(name, 0, stored.bytes))
        return {
            "beats": list(found.beats),
            "tempo": found.tempo,
            "energy_peaks": [peak.model_dump() for peak in found.peaks],
            "downbeats": list(found.beats[::4]),
            "confidence": found.confidence,
        }

    async def thumbnail(self, args: dict[str, Any]) -> dict[str, Any]:
        """Make a picture of an asset at a time; after its end, of its last frame."""
        asked = _checked(_ThumbnailArgs, args)
        video = await self._video(asked.path)
        if video.cloud_url is None:
            raise Conflict("The video is not here yet: wait for its analysis.")
        time = min(asked.time, max(0.0, MediaInfo.model_validate(video.info).duration - 1e-3))
        name = f"thumb_{secrets.token_hex(6)}.jpg"
        with tempfile.TemporaryDirectory(prefix="moments-thumbnail-") as directory:
            target = Path(directory) / name
            async with self._environment.cache.open(video.cloud_url) as source:
                picture = await thumbnail(source, time, target, settings=self._environment.settings.media)
            stored = await self._environment.store.put_file(
                f"videos/{video.identifier}/thumbnails/{name}", target, content_type="image/jpeg"
            )
        link = await self._environment.store.signed_url(
            stored.name, self._environment.settings.storage.signed_url_seconds
        )
        return {"path": stored.name, "url": link.url, "time": picture.seconds}

    async def caption_srt(self, args: dict[str, Any]) -> dict[str, Any]:
        """Return captions as SRT: sorted, without overlaps and blank ones."""
        return {"srt": captions_of(_checked(_CaptionArgs, args).segments)}

    async def suggest_effects(self, args: dict[str, Any]) -> dict[str, Any]:
        """Return effects for a transcript and beats, by rules or by one of the chat's backends."""
        asked = _checked(_SuggestArgs, args)
        if asked.backend == RULES:
            found = suggest(asked.transcript, asked.beats)
        else:
            gateway = self._environment.service(Gateway)
            entry = await entry_of(asked.backend, None, gateway, self._environment.settings)
            found = await suggest_by_model(asked.transcript, asked.beats, entry, gateway)
        return {"suggestions": [each.model_dump(mode="json") for each in found], "backend": asked.backend}

    async def _video(self, path: str) -> Video:
        async with self._environment.database.read() as session:
            return (await asset_at(session, path))[1]

    async def _until_ended(self, run: Run) -> Run:
        """Wait for a run; raises _Waiting where it takes longer, Conflict where it failed."""
        run = await ended(self._container, run, self._wait)
        if not RunStatus(run.status).finished:
            raise _Waiting(run)
        if run.status != RunStatus.COMPLETED:
            raise Conflict(f"The run of this tool is {run.status}: see /api/runs/{run.identifier}.")
        return run


@router.post("", responses={202: {"description": "It takes longer than `wait`: ask again."}, **problems(409, 502, 503)})
async def use_tool(
    dependencies: Dependencies, library: Library, body: ToolBody, response: Response, *, wait: Wait = 60.0
) -> ToolAnswer:
    """Use a tool on an asset: `path` is its `path` or `ingest_url`, or `asset:` and its number.

    The tools are transcribe, beats, thumbnail, caption_srt and suggest_effects.
    """
    tools = _Tools(dependencies, library, wait)
    known: dict[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]] = {
        "transcribe": tools.transcribe,
        "beats": tools.beats,
        "thumbnail": tools.thumbnail,
        "caption_srt": tools.caption_srt,
        "suggest_effects": tools.suggest_effects,
    }
    if body.tool not in known:
        raise InvalidRequest(f"There is no tool {body.tool!r}: there are {', '.join(known)}.")
    try:
        return ToolAnswer(tool=body.tool, result=await known[body.tool](dict(body.args)))
    except _Waiting as waiting:
        response.status_code = 202
        response.headers["Location"] = f"/api/runs/{waiting.run.identifier}"
        return ToolAnswer(tool=body.tool, result={"run": waiting.run.identifier})


def _checked(model: type[A], args: dict[str, Any]) -> A:
    try:
        return model.model_validate(args)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidRequest(f"Args.{where}: {first['msg']}.") from error
