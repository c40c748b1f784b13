"""Moments and their clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AwareDatetime, ConfigDict, Field, model_validator

from moments_ray.http.schemas.base import RequestBody, Shape
from moments_ray.http.schemas.options import Text
from moments_ray.moments.options import RunOptions
from moments_ray.states import ClipStatus, SetStatus

if TYPE_CHECKING:  # the client reads answers by these shapes, and has no database
    from moments_ray.database.tables import ClipRow, MomentRow
    from moments_ray.moments.queries.sets import Origin, SetEntry


class ClipView(Shape):
    """A moment's clip; ``start_time`` and ``end_time`` are its own edges, padding included, in seconds."""

    identifier: str
    preset: str
    status: ClipStatus
    start_time: float
    end_time: float
    padding_left: float
    padding_right: float
    method: str | None
    bytes: int | None
    error: dict[str, Any] | None
    stale: bool = Field(description="the moment's edges were changed since: the clip is to be cut again")
    url: str | None = Field(None, description="with `links=true`: where it is read until `expires_at`")
    thumbnail_url: str | None = Field(None, description="with `links=true`: its picture")
    expires_at: AwareDatetime | None = None

    @classmethod
    def of(cls, clip: ClipRow, *, stale: bool, links: ClipLinks | None = None) -> Self:
        """Show a row, with the links by which it is read where they are known."""
        own = cls.model_fields.keys() - {"stale", "url", "thumbnail_url", "expires_at"}
        shown = vars(links) if links is not None else {}
        return cls(**{name: getattr(clip, name) for name in own}, stale=stale, **shown)


@dataclass(frozen=True)
class ClipLinks:
    """Where a clip and its picture are read until the first of the two links expires."""

    url: str | None
    thumbnail_url: str | None
    expires_at: datetime | None


class ProvenanceStep(Shape):
    """One move of a moment's edges: where they stood after it, in seconds, and why."""

    step: str
    start_time: float
    end_time: float
    reason: str
    title: str | None = Field(None, description="of an edit: the title before it")


class MomentView(Shape):
    """A moment; a refined one names in ``parent_id`` the moment it was refined from."""

    identifier: str
    video: str
    title: str
    start_time: float
    end_time: float
    is_refined: bool
    parent_id: str | None
    score: float | None = Field(description="0 to 100; null for one that a person added")
    reason: str | None
    provenance: list[ProvenanceStep] = Field(description="every move of the edges, the first one first")
    clips: list[ClipView]
    set: str | None = Field(description="of moments, to which it belongs; null for one that a person added")
    run: str | None = Field(description="that found it")
    model: str | None = Field(description="that found it, or refined it")
    version: int = Field(description="counts what people changed: `If-Match` takes it")
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = Field(description="it can be restored for 30 days")

    @classmethod
    def of(cls, moment: MomentRow, video: str, parent: str | None, origin: Origin, clips: Sequence[ClipView]) -> Self:
        """Show a row; ``parent`` is the public identifier of the moment that it was refined from."""
        names = (
            *("identifier", "title", "start_time", "end_time", "is_refined", "score", "reason"),
            *("version", "created_at", "updated_at", "deleted_at"),
        )
        return cls(
            **{name: getattr(moment, name) for name in names},
            **origin._asdict(),
            video=video,
            parent_id=parent,
            provenance=[ProvenanceStep.model_validate(step) for step in moment.provenance],
            clips=list(clips),
        )


class MomentSetView(Shape):
    """The moments of one generation."""

    identifier: str
    status: SetStatus = Field(description="`current`: what users see; `candidate`: made, and never shown")
    run: str | None
    model: str | None
    moments: int = Field(description="how many it shows")
    created_at: datetime
    promoted_at: datetime | None

    @classmethod
    def of(cls, entry: SetEntry) -> Self:
        """Show a set."""
        names = ("identifier", "status", "created_at", "promoted_at")
        shown = {name: getattr(entry.row, name) for name in names}
        return cls(**shown, run=entry.run, model=entry.model, moments=entry.moments)


class ClipProgress(Shape):
    """How the clip of one moment stands."""

    moment_id: str
    clip_id: str | None
    status: ClipStatus
    error: dict[str, Any] | None


class ClipExtractionStatus(Shape):
    """How the clips of a video stand."""

    status: ClipStatus = Field(description="`pending` while one is, else `failed` where one is, else `completed`")
    total: int
    completed: int
    failed: int
    clips: list[ClipProgress]


Url = Annotated[Text, Field(min_length=1, max_length=4096, examples=["https://example.org/talk.mp4"])]
Title = Annotated[Text, Field(max_length=10_000)]


class AddVideo(RunOptions):
    """A video at a URL; the options of the pipeline count with ``process``."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"url": "https://example.org/talk.mp4", "process": True, "count": 5}]}
    )

    url: Url
    title: Title | None = None
    process: bool = Field(False, description="also find its moments")


class StartPipeline(RunOptions):
    """The whole pipeline on a video at a URL, or on one that is here."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "url": "https://example.org/talk.mp4",
                    "count": 5,
                    "min_seconds": 20,
                    "max_seconds": 60,
                    "prompt": "surprising facts",
                    "preset": "web",
                }
            ]
        }
    )

    url: Url | None = None
    video_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.url is None) == (self.video_id is None):
            raise ValueError("give either url or video_id")
        return self


class AddMoment(RequestBody):
    """A moment that a person found; times in seconds from the start of the source."""

    title: Title
    start_time: float = Field(ge=0)
    end_time: float = Field(gt=0)
    reason: Title | None = None


class EditMoment(RequestBody):
    """What to change of a moment; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"start_time": 11.9, "end_time": 48.3}]})

    title: Title | None = None
    start_time: float | None = Field(None, ge=0)
    end_time: float | None = Field(None, gt=0)


class RevertMoment(RequestBody):
    """To what a moment is brought back."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"to": "generated"}]})

    to: Literal["edits", "generated"] | Annotated[int, Field(ge=0, le=10_000)] = Field(
        "edits",
        description="`edits`: to before anybody edited it; `generated`: to what was found first; a number: to that "
        "step of its provenance, counted from 0",
    )


class PipelineStatus(Shape):
    """The newest run of a video, flat; beside these fields every stage has its own.

    They are ``{STAGE}_status``, ``{STAGE}_progress`` (0 to 1), ``{STAGE}_started_at`` and ``{STAGE}_completed_at``,
    the latter ones where they are known. ``status`` ends as ``completed``, ``failed`` or ``cancelled``.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "request_id": "5e8d9d5e-6c0e-4c36-8a77-5a3f3b0a2f10",
                    "status": "processing",
                    "current_stage": "TRANSCRIPTION",
                    "errors": 0,
                    "VIDEO_DOWNLOAD_status": "completed",
                    "VIDEO_DOWNLOAD_started_at": "2026-11-20T10:00:00.000Z",
                    "VIDEO_DOWNLOAD_completed_at": "2026-11-20T10:00:04.512Z",
                    "TRANSCRIPTION_status": "processing",
                    "TRANSCRIPTION_progress": 0.41,
                }
            ]
        },
    )

    request_id: str = Field(description="the run")
    status: str
    current_stage: str = Field(description="the earliest stage that is unfinished; empty when none is")
    errors: int = Field(description="items that did not come out")

    @classmethod
    def of(cls, status: Mapping[str, str]) -> PipelineStatus:
        """Return a live status with its numbers as numbers."""
        numbers = {name: float(value) for name, value in status.items() if name.endswith("_progress")}
        return cls.model_validate({**status, **numbers, "errors": int(status.get("errors", "0"))})
