"""What the API answers, as far as callers need it: a newer server may say more, and that is passed over."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from moments_ray.states import ClipStatus, RunStatus, StageStatus, VideoStatus

T = TypeVar("T")


class Shape(BaseModel):
    """A frozen answer; times are UTC, positions and lengths are seconds."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Page(Shape, Generic[T]):
    """Some entries of a list; ``next_cursor`` leads to the next ones."""

    items: tuple[T, ...]
    next_cursor: str | None = None


class Video(Shape):
    """A video; its figures are None until its bytes are there."""

    identifier: str
    status: VideoStatus
    title: str | None
    source_url: str | None
    duration: float | None
    width: int | None
    height: int | None
    fps: float | None
    codec: str | None
    bytes: int | None
    created_at: datetime


class RunFailure(Shape):
    """What a run failed with."""

    code: str
    message: str
    retryable: bool = False


class Stage(Shape):
    """A stage of a run."""

    name: str
    status: StageStatus
    progress: float
    seconds: float | None


class Run(Shape):
    """A run over a video; ``stages`` are told where one run was asked for."""

    identifier: str
    pipeline: str
    subject: str
    status: RunStatus
    priority: int
    attempt: int
    progress: float
    errors: int
    error: RunFailure | None
    error_stage: str | None
    metadata: dict[str, Any]
    queued_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    stages: tuple[Stage, ...] = ()


class Started(Shape):
    """A video and the run that works on it."""

    video: Video
    run: Run


class Event(Shape):
    """Something that happened in a run; ``seq`` counts from 1 without gaps."""

    seq: int
    type: str
    data: dict[str, Any]
    created_at: datetime


class ProvenanceStep(Shape):
    """One move of a moment's edges, and why."""

    step: str
    start_time: float
    end_time: float
    reason: str


class Clip(Shape):
    """A moment's clip, with its own edges, padding included."""

    identifier: str
    preset: str
    status: ClipStatus
    start_time: float
    end_time: float
    bytes: int | None


class Moment(Shape):
    """A moment; a refined one names in ``parent_id`` the one it was refined from."""

    identifier: str
    video: str
    title: str
    start_time: float
    end_time: float
    is_refined: bool
    parent_id: str | None
    score: float | None
    reason: str | None
    provenance: tuple[ProvenanceStep, ...]
    clips: tuple[Clip, ...]


class Word(Shape):
    """A word and when it was spoken."""

    word: str
    start: float
    end: float


class Segment(Shape):
    """A stretch of speech as its recogniser grouped it."""

    text: str
    start: float
    end: float


class Transcript(Shape):
    """What was said in a video."""

    engine: str
    language: str | None
    full_text: str
    word_timestamps: tuple[Word, ...]
    segment_timestamps: tuple[Segment, ...]


class Hit(Shape):
    """A place where words were found; times are None where it is a video's title."""

    video: str
    kind: Literal["title", "moment", "transcript"]
    moment: str | None
    start_time: float | None
    end_time: float | None
    text: str
    score: float
