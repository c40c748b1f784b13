"""Errors as RFC 9457 problems: ours by their code, the framework's by their status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from moments_ray.errors import InputError, MomentsError
from moments_ray.http.known_fields import names_of, names_within
from moments_ray.http.schemas.options import SOMETHING

log = structlog.get_logger()

_RETRY_AFTER_SECONDS = 5
_MOST_ERRORS = 100  # of one body: whoever sends more has not read the first
# What FastAPI meets when it reads a body, and has no error of validation for.
_UNREADABLE = {RecursionError: "it is nested too deeply", UnicodeDecodeError: "it is not UTF-8"}
_LONGEST_NAME = 80  # of a field that was sent: a name may be as long as a body
# The same ones with every Python, because codes are made of them: 3.13 renamed four. The last is of the tus protocol.
_PHRASES = {
    413: "Request Entity Too Large",
    414: "Request URI Too Long",
    416: "Requested Range Not Satisfiable",
    422: "Unprocessable Entity",
    460: "Checksum Mismatch",
}
_KNOWN_PLACES = (
    "stage",
    "item",
    "run",
    "offset",
    "version",
)  # the rest of an error's detail may hold a tool's words about our machine


class ProblemDetails(BaseModel):
    """What went wrong, after RFC 9457."""

    type: str = Field(examples=["urn:moments:error:object.not_found"])
    title: str
    status: int
    detail: str = Field(description="one sentence, with the cure where there is one")
    code: str = Field(description="stable", examples=["object.not_found"])
    retryable: bool = Field(description="whether the same request may succeed later")
    request_id: str
    stage: str | None = None
    item: str | int | None = None
    run: str | None = Field(None, description="the run that stands in the way")
    offset: int | None = Field(None, description="where an upload goes on")
    version: int | None = Field(None, description="of the object by now")
    errors: list[dict[str, str]] | None = Field(None, description="where a request is not valid")


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the documentation of these statuses as problems, for a route's ``responses``."""
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    return {
        status: {
            "description": _phrase(status),
            "content": {Problem.media_type: {"schema": schema}},
        }
        for status in statuses
    }


def _phrase(status: int) -> str:
    return _PHRASES.get(status) or HTTPStatus(status).phrase


def document_problems(app: FastAPI) -> None:
    """Have the schema of problems in the OpenAPI document; FastAPI collects only the models of JSON answers."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
                tags=app.openapi_tags,
                servers=app.servers,
            )
            schema = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
            document.setdefault("components", {}).setdefault("schemas", {})["ProblemDetails"] = schema
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own documented way


class Problem(JSONResponse):
    """An error as ``application/problem+json``."""

    media_type = "application/problem+json"


def render_problems(app: FastAPI) -> None:
    """Have every error of an application answered as a problem."""
    app.add_exception_handler(MomentsError, _ours)
    app.add_exception_handler(HTTPException, _of_framework)
    app.add_exception_handler(RequestValidationError, _of_validation)


def problem_of(error: MomentsError, request_id: str, **more: Any) -> Problem:
    """Return the problem that an error of ours is; ``more`` are members beside the usual ones."""
    kind = type(error)
    places = {name: error.detail[name] for name in _KNOWN_PLACES if name in error.detail}
    title = (kind.__doc__ or kind.__name__).split("\n")[0]
    return _problem(
        error.http_status or kind.status,
        kind.code,
        request_id,
        title=title,
        detail=error.message,
        retryable=kind.retryable,
        headers=_headers(error),
        more={**places, **more},
    )


def _headers(error: MomentsError) -> dict[str, str]:
    match error.status:
        case HTTPStatus.UNAUTHORIZED:
            return {"WWW-Authenticate": 'Bearer realm="moments"'}
        case HTTPStatus.TOO_MANY_REQUESTS | HTTPStatus.SERVICE_UNAVAILABLE:
            return {"Retry-After": str(error.detail.get("retry_after", _RETRY_AFTER_SECONDS))}
    return {}


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, MomentsError)  # noqa: S101 - registered for it
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request.failed", code=error.code, error=error.message, detail=error.detail)
    return problem_of(error, request.state.request_id)


async def _of_framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    unreadable = next((why for kind, why in _UNREADABLE.items() if isinstance(error.__cause__, kind)), None)
    if unreadable is not None:
        fault = {"where": "body", "message": f"this is no JSON: {unreadable}"}
        told = InputError(f"{fault['where']}: {fault['message']}")
        return problem_of(told, request.state.request_id, errors=[fault])
    status = HTTPStatus(error.status_code)
    title = _phrase(status)
    code = f"http.{title.lower().replace(' ', '_') if status in _PHRASES else status.name.lower()}"
    detail = error.detail if error.detail != status.phrase else status.description
    headers = dict(error.headers or {})
    if headers.get("Allow") == "GET":
        headers["Allow"] = "GET, HEAD"
    return _problem(status, code, request.state.request_id, title=title, detail=detail, headers=headers)


async def _of_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    found = error.errors()[:_MOST_ERRORS]
    errors = [{"where": where(each), "message": said(each, _known(each, request))} for each in found]
    first = errors[0]
    error = InputError(f"{first['where']}: {first['message']}")
    return problem_of(error, request.state.request_id, errors=errors)


def where(error: Mapping[str, Any]) -> str:
    """Return the place of one of pydantic's errors."""
    place = error["loc"][:1] if error["type"] == "json_invalid" else error["loc"]
    return ".".join(str(each)[:_LONGEST_NAME] for each in place)


def _known(error: Mapping[str, Any], request: Request) -> list[str]:
    """Return the names of the fields that a route's body has at the place of an error."""
    route, place = request.scope.get("route"), error["loc"][1:-1]
    if not isinstance(route, APIRoute):
        return []
    fields = route.dependant.body_params
    if not place:
        return [name for field in fields for name in names_of(field)]
    return [name for field in fields for name in names_within(field.field_info.annotation, place)]


def said(error: Mapping[str, Any], known: Sequence[str]) -> str:
    """Return what is wrong in a place; of a field that nobody knows, which of the known ones may have been meant."""
    message = str(error["msg"]).removeprefix("Value error, ")
    match error["type"]:
        case "extra_forbidden":
            meant = get_close_matches(str(error["loc"][-1])[:_LONGEST_NAME], known, 1)
            return f"there is no such field; did you mean {meant[0]}?" if meant else "there is no such field"
        case "json_invalid":
            return f"this is no JSON: {error['ctx']['error']}, at character {error['loc'][-1]}"
        case "string_pattern_mismatch" if error["ctx"]["pattern"] == SOMETHING:
            return "this is blank"
        case "too_long" | "too_short" if isinstance(error.get("input"), str):
            return message.replace("item", "character")
    return message


def _problem(
    status: int,
    code: str,
    request_id: str,
    *,
    title: str,
    detail: str,
    headers: Mapping[str, str],
    retryable: bool = False,
    more: Mapping[str, Any] | None = None,
) -> Problem:
    body = {
        "type": f"urn:moments:error:{code}",
        "title": title,
        "status": int(status),
        "detail": detail,
        "code": code,
        "retryable": retryable,
        "request_id": request_id,
        **(more or {}),
    }
    return Problem(body, status, headers=dict(headers))
