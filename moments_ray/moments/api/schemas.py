"""Moments and their clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from moments_ray.http.schemas.base import RequestBody, Shape
from moments_ray.http.schemas.options import Text
from moments_ray.moments.options import RunOptions
from moments_ray.states import ClipStatus

if TYPE_CHECKING:  # the client reads answers by these shapes, and has no database
    from moments_ray.database.tables import ClipRow, MomentRow


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

    @classmethod
    def of(cls, clip: ClipRow) -> Self:
        """Show a row."""
        return cls(**{name: getattr(clip, name) for name in cls.model_fields})


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
    created_at: datetime

    @classmethod
    def of(cls, moment: MomentRow, video: str, parents: Mapping[int, str], clips: Sequence[ClipRow]) -> Self:
        """Show a row; ``parents`` are the public identifiers of the moments that others were refined from."""
        names = ("identifier", "title", "start_time", "end_time", "is_refined", "score", "reason", "created_at")
        return cls(
            **{name: getattr(moment, name) for name in names},
            video=video,
            parent_id=None if moment.parent_id is None else parents.get(moment.parent_id),
            provenance=[ProvenanceStep.model_validate(step) for step in moment.provenance],
            clips=[ClipView.of(clip) for clip in clips],
        )


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

    url: Url
    title: Title | None = None
    process: bool = Field(False, description="also find its moments")


class StartPipeline(RunOptions):
    """The whole pipeline on a video at a URL, or on one that is here."""

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

    title: Title | None = None
    start_time: float | None = Field(None, ge=0)
    end_time: float | None = Field(None, gt=0)


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
