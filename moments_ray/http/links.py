"""The OpenAPI links: from what an answer shows to the operations that take it on.

Links belong to what is shown, not to who shows it: every operation that answers with a video leads to its moments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI

_SCHEMAS = "#/components/schemas/"

# Operation -> its path parameters, each with the JSON pointer at which an answer of the schema shows it.
_Links = Mapping[str, Mapping[str, str]]


def _to_video(pointer: str) -> _Links:
    operations = (
        "read_video",
        "stream_video",
        "read_video_thumbnail",
        "read_transcript",
        "list_moments",
        "create_moment",
        "export_video_moments",
        "extract_clips",
        "read_clip_extraction_status",
        "start_pipeline_of_video",
        "generate_moments",
        "read_status_of_video",
        "list_pipeline_history",
        "cancel_pipeline",
        "delete_video",
    )
    return {operation: {"video_id": pointer} for operation in operations}


def _to_run(pointer: str) -> _Links:
    return {operation: {"run_id": pointer} for operation in ("read_run", "list_run_events", "cancel_run", "retry_run")}


def _to_moment(place: str) -> _Links:
    both = {"video_id": f"{place}/video", "moment_id": f"{place}/identifier"}
    operations = ("read_moment", "change_moment", "undo_moment_changes", "refine_moment", "delete_moment")
    return {**dict.fromkeys(operations, both), "stream_clip": {"moment_id": both["moment_id"]}}


LINKS: Mapping[str, _Links] = {
    "VideoStarted": {**_to_video("/video/identifier"), **_to_run("/run/identifier")},
    "VideoView": _to_video("/identifier"),
    "Page_VideoView_": _to_video("/items/0/identifier"),
    "RunView": {**_to_run("/identifier"), **_to_video("/subject")},
    "RunDetail": {**_to_run("/identifier"), **_to_video("/subject")},
    "Page_RunView_": _to_run("/items/0/identifier"),
    "MomentView": _to_moment(""),
    "Page_MomentView_": _to_moment("/items/0"),
    "PipelineStatus": _to_run("/request_id"),
    "Page_HistoryEntry_": _to_run("/items/0/request_id"),
    "Page_HitView_": _to_video("/items/0/video"),
}


def document_links(app: FastAPI) -> None:
    """Have the links in the OpenAPI document."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        made = app.openapi_schema is not None
        document: dict[str, Any] = describe()
        if not made:
            for answer, links in _linked(document):
                answer["links"] = {
                    operation: {
                        "operationId": operation,
                        "parameters": {name: f"$response.body#{pointer}" for name, pointer in parameters.items()},
                    }
                    for operation, parameters in links.items()
                }
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own documented way


def _linked(document: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], _Links]]:
    """Yield the answers that show something linked, with its links."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for answer in operation["responses"].values():
                shown = answer.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
                links = LINKS.get(shown.removeprefix(_SCHEMAS))
                if links is not None:
                    yield answer, links
