"""Whole examples in the OpenAPI document: of every body that is sent and every answer that is shown as JSON.

An example is put together from its schema, so it never shows a field that is not there. A field's own ``examples``
come first, then what fields of its name hold (the demo's talk), then the simplest value of its type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI

_SCHEMAS = "#/components/schemas/"
_JSON = "application/json"
_DEEPEST = 8
_MOMENT = "7d3a1c52-0e0b-4a1c-9d1e-2b6f4c8a9e10"
_RUN = "5e8d9d5e-6c0e-4c36-8a77-5a3f3b0a2f10"
_VIDEO = "0b9f6c0e-52a4-4f0e-9d0c-3f6f0c9a1f11"
_WORD = "swifts"
_AT = "2026-11-20T10:00:04.512Z"

# What a field of this name holds, where its own description says nothing.
_NAMED: Mapping[str, Any] = {
    "id": _RUN,
    "identifier": _VIDEO,
    "video": _VIDEO,
    "video_id": _VIDEO,
    "subject": _VIDEO,
    "moment_id": _MOMENT,
    "run": _RUN,
    "run_id": _RUN,
    "request_id": _RUN,
    "title": "Six Small Surprises",
    "name": "autumn talks",
    "filename": "talk.mp4",
    "text": "Nobody had counted the swifts until then.",
    "full_text": "Nobody had counted the swifts until then.",
    "word": "swifts",
    "message": "The site answered 403 Forbidden.",
    "reason": "a question and its answer",
    "start": 12.48,
    "start_time": 12.48,
    "end": 47.92,
    "end_time": 47.92,
    "duration": 155.5,
    "seconds": 4.1,
    "score": 81.0,
    "progress": 0.42,
    "width": 1280,
    "height": 720,
    "fps": 25.0,
    "bytes": 2_400_000,
    "codec": "h264",
    "language": "en",
    "model": "local",
    "engine": "captions",
    "pipeline": "moments",
    "preset": "source",
    "stage": "TRANSCRIPTION",
    "current_stage": "TRANSCRIPTION",
    "node": "node-1",
    "version": 1,
    "number": 1,
    "attempt": 1,
    "priority": 5,
    "url": "https://example.org/talk.mp4",
    "source_url": "https://example.org/talk.mp4",
    "prompt": "surprising facts",
}


def document_examples(app: FastAPI) -> None:
    """Have examples in the OpenAPI document wherever JSON is sent or shown."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        made = app.openapi_schema is not None
        document: dict[str, Any] = describe()
        if not made:
            schemas = document["components"]["schemas"]
            for content, sent in _contents(document):
                if "examples" not in content and "example" not in content:
                    content["example"] = example(content["schema"], schemas, sent=sent)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own documented way


def _contents(document: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], bool]]:
    """Yield where JSON is described, with whether it is sent to us."""
    for operations in document["paths"].values():
        for operation in operations.values():
            sent = operation.get("requestBody", {}).get("content", {})
            if _JSON in sent:
                yield sent[_JSON], True
            for status, answer in operation["responses"].items():
                shown = answer.get("content", {}).get(_JSON)
                if status.startswith("2") and shown is not None and "schema" in shown:
                    yield shown, False


def example(
    schema: Mapping[str, Any], schemas: Mapping[str, Any], *, name: str = "", sent: bool = False, depth: int = 0
) -> Any:
    """Return a value of a schema for a field of this name; of what is ``sent`` it has only what must be there."""
    if "$ref" in schema:
        title = schema["$ref"].removeprefix(_SCHEMAS)
        schema = schemas[title] | {word: each for word, each in schema.items() if word != "$ref"}
    if known := [
        *schema.get("examples", ()),
        *schema.get("enum", ()),
        *(schema[word] for word in ("const",) if word in schema),
    ]:
        return _completed(known[0], schema, schemas)
    inner: dict[str, Any] = {"sent": sent, "depth": depth + 1}
    if choices := [each for word in ("anyOf", "oneOf", "allOf") for each in schema.get(word, ())]:
        first = next((each for each in choices if each.get("type") != "null"), choices[0])
        return example(first, schemas, name=name, **inner)
    match schema.get("type"):
        case "object" | None:
            return _object(schema, schemas, inner)
        case "array":
            return _array(schema, schemas, name, inner)
        case kind:
            return _scalar(kind, schema, name)


def _completed(value: Any, schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """Return an example with the nulls that FastAPI leaves out of what it describes."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].removeprefix(_SCHEMAS)]
    if isinstance(value, list):
        return [_completed(each, schema.get("items", {}), schemas) for each in value]
    if not isinstance(value, dict):
        return value
    fields = schema.get("properties", {})
    missing = dict.fromkeys(name for name in schema.get("required", ()) if name not in value)
    return missing | {name: _completed(each, fields.get(name, {}), schemas) for name, each in value.items()}


def _object(schema: Mapping[str, Any], schemas: Mapping[str, Any], inner: Mapping[str, Any]) -> dict[str, Any]:
    required = schema.get("required", ())
    fields = {
        field: each
        for field, each in schema.get("properties", {}).items()
        if field in required or (not inner["sent"] and inner["depth"] <= _DEEPEST)
    }
    return {field: example(each, schemas, name=field, **inner) for field, each in fields.items()}


def _array(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str, inner: Mapping[str, Any]) -> list[Any]:
    if "prefixItems" in schema:
        return [example(each, schemas, name=name, **inner) for each in schema["prefixItems"]]
    least = schema.get("minItems", 0)
    if "items" not in schema or (inner["depth"] > _DEEPEST and not least):
        return []
    one = example(schema["items"], schemas, name=name.removesuffix("s"), **inner)
    return [one] * max(1, least)


def _scalar(kind: str, schema: Mapping[str, Any], name: str) -> Any:
    named = _NAMED.get(name)
    if kind == "boolean":
        return bool(schema.get("default", False))
    if kind == "string":
        if schema.get("format") == "date-time":
            return _AT
        if schema.get("format") == "uri" or name.endswith("url"):
            return _NAMED["url"]
        return named if isinstance(named, str) else schema.get("default") or _WORD
    least = schema.get("minimum", 0)
    found = named if isinstance(named, (int, float)) else schema.get("default") or max(least, 1)
    return int(found) if kind == "integer" else float(found)
