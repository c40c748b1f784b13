"""Many videos at once: deleted, started, their clips cut."""

from __future__ import annotations

from typing import Literal, Self

from fastapi import APIRouter
from pydantic import AwareDatetime, ConfigDict, Field, model_validator

from moments_ray.http.dependencies import Dependencies
from moments_ray.http.schemas.base import RequestBody
from moments_ray.http.schemas.bulk import MOST, BulkResult, Identifiers, each_of
from moments_ray.http.schemas.options import Text
from moments_ray.library.deletion import Deletion
from moments_ray.library.queries.video_lists import ShownStatus, VideoFilter, VideoLists
from moments_ray.moments.api.dependencies import Starting
from moments_ray.moments.options import ExtractClipsOptions, RunOptions
from moments_ray.states import RunStatus

router = APIRouter(prefix="/api/videos/bulk", tags=["videos"])


class VideoFilterBody(RequestBody):
    """All videos that a list filtered so shows."""

    q: Text | None = Field(None, min_length=1, max_length=500)
    source: Text | None = Field(None, min_length=1, max_length=500)
    status: list[ShownStatus] = Field(default_factory=list)
    run_status: list[RunStatus] = Field(default_factory=list)
    has_moments: bool | None = None
    created_after: AwareDatetime | None = None
    created_before: AwareDatetime | None = None
    min_duration: float | None = Field(None, ge=0)
    max_duration: float | None = Field(None, ge=0)


class VideosInBulk(RequestBody):
    """Which videos, and what to do with each; at most 1,000 at once."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"action": "start", "ids": ["0b9f6c0e-52a4-4f0e-9d0c-3f6f0c9a1f11"], "options": {"count": 5}}]
        }
    )

    action: Literal["delete", "start", "extract"]
    ids: Identifiers | None = None
    filter: VideoFilterBody | None = None
    options: RunOptions = Field(default_factory=RunOptions, description="with `start`")
    clips: ExtractClipsOptions = Field(default_factory=ExtractClipsOptions, description="with `extract`")

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.ids is None) == (self.filter is None):
            raise ValueError("give either ids or filter")
        return self


@router.post("")
async def act_on_videos(dependencies: Dependencies, starting: Starting, asked: VideosInBulk) -> BulkResult:
    """Delete many videos, start the whole pipeline of each, or have their clips cut; each is answered for itself."""
    identifiers = asked.ids or []
    if asked.filter is not None:
        body = asked.filter.model_dump(exclude={"status", "run_status"})
        wanted = VideoFilter(**body, statuses=tuple(asked.filter.status), run_statuses=tuple(asked.filter.run_status))
        async with dependencies.environment.database.read() as session:
            identifiers = await VideoLists(session).identifiers(wanted, MOST)
    deletion = Deletion(dependencies.environment, dependencies.redis)

    async def act(video: str) -> str | None:
        match asked.action:
            case "delete":
                await deletion.delete(video)
                return None
            case "start":
                run = (await starting.moments(video, asked.options, None)).run
            case "extract":
                run = (await starting.clips(video, asked.clips, None)).run
        return None if run is None else run.identifier

    return await each_of(identifiers, act)
