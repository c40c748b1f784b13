"""Moments and their clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Self

from pydantic import Field

from moments_ray.database.tables import ClipRow, MomentRow
from moments_ray.states import ClipStatus
from serve_app.schemas.base import Shape


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
