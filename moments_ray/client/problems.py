"""From an answer that is an error back to the error that the server raised."""

from __future__ import annotations

import httpx
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from moments_ray.errors import (
    AccessError,
    Conflict,
    InvalidRequest,
    KeyInvalid,
    MomentsError,
    NotFound,
    RateExceeded,
    ServerBadAnswer,
    ServerUnavailable,
    error_of_code,
)
from moments_ray.process.retry import retry_after

_PROBLEM = "application/problem+json"
_EXCERPT = 200

# What a status alone means, where a proxy answers, or a server that knows more errors than we do.
_BY_STATUS: dict[int, type[MomentsError]] = {
    401: KeyInvalid,
    403: AccessError,
    404: NotFound,
    409: Conflict,
    429: RateExceeded,
    502: ServerUnavailable,
    503: ServerUnavailable,
    504: ServerUnavailable,
    **dict.fromkeys((400, 405, 406, 411, 413, 414, 415, 422), InvalidRequest),
}


class _Problem(BaseModel):
    """RFC 9457, with the members that are ours."""

    model_config = ConfigDict(extra="allow")

    detail: str
    code: str


def error_of(response: httpx.Response) -> MomentsError:
    """Return the error that a response, read to its end, tells of.

    Its ``detail`` has the problem's other members, and ``retry_after`` in seconds where the server says it.
    """
    status = response.status_code
    wait = retry_after(response.headers.get("retry-after", ""))
    detail: dict[str, JsonValue] = {"status": status} if wait is None else {"status": status, "retry_after": wait}
    by_status = _BY_STATUS.get(status, ServerUnavailable if status >= 500 else ServerBadAnswer)
    if response.headers.get("content-type", "").partition(";")[0].strip().lower() == _PROBLEM:
        try:
            problem = _Problem.model_validate_json(response.content)
        except ValidationError:
            pass
        else:
            members: dict[str, JsonValue] = {**(problem.model_extra or {}), "code": problem.code, **detail}
            return error_of_code(problem.code, by_status)(problem.detail, members)
    words = "".join(char if char.isprintable() else " " for char in response.text[:_EXCERPT])
    said = f": {' '.join(words.split())}" if words.strip() else ""
    return by_status(f"{response.url.copy_with(query=None)} answered {status}{said}", detail)
