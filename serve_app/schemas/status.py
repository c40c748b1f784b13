"""The poller's view of a video's newest run."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ConfigDict, Field

from serve_app.schemas.base import Shape


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
    def of(cls, board: Mapping[str, str]) -> PipelineStatus:
        """Show a board, with its numbers as numbers."""
        numbers = {name: float(value) for name, value in board.items() if name.endswith("_progress")}
        return cls.model_validate({**board, **numbers, "errors": int(board.get("errors", "0"))})
