"""Transcripts."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from pydantic import Field

from moments_ray.database.tables import TranscriptRow
from serve_app.schemas.base import Shape


class WordView(Shape):
    """A word and when it was spoken, in seconds."""

    word: str
    start: float
    end: float


class SegmentView(Shape):
    """A stretch of speech as its recogniser grouped it, in seconds."""

    text: str
    start: float
    end: float


class TranscriptView(Shape):
    """What was said in a video."""

    engine: str = Field(description="what heard it", examples=["captions"])
    language: str | None
    full_text: str
    word_timestamps: list[WordView]
    segment_timestamps: list[SegmentView]
    health: dict[str, Any] = Field(description="what its checks found and mended")
    created_at: datetime

    @classmethod
    def of(cls, row: TranscriptRow) -> Self:
        """Show a row."""
        return cls.model_validate({name: getattr(row, name) for name in cls.model_fields})
