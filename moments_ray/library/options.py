"""What a caller may ask of a transcript, checked before anything is written."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from moments_ray.http.schemas.asked import AskedRun, ModelKey

TranscriptFormat = Literal["json", "txt", "srt", "vtt"]


class TranscriptAsked(AskedRun):
    """A transcript."""

    transcriber: ModelKey | None = Field(
        None, description="who hears what is said; unset: the best one there is", examples=["captions"]
    )
