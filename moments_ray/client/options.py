"""What can be asked of the API; the server checks it."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

ExportFormat = Literal["json", "csv", "srt", "vtt", "edl", "otio", "fcpxml", "chapters"]
TranscriptFormat = Literal["txt", "srt", "vtt"]


class RunOptions(TypedDict, total=False):
    """How moments are found, refined and cut; times are seconds, and what is left out is the server's to choose."""

    generation_model: str
    refinement_model: str
    transcriber: str
    prompt: str
    topic: str
    time_range: tuple[float, float]
    count: int
    min_seconds: float
    max_seconds: float
    temperature: float
    top_p: float
    top_k: int
    max_tokens: int
    deliver_clips: bool
    preset: Literal["source", "web", "vertical"]
    burn_captions: bool
    priority: int
    force: bool
    metadata: dict[str, Any]
    webhook: str | dict[str, str]
