"""Errors come out of the client as the server raised them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from moments_ray import errors
from moments_ray.client import MomentsClient
from moments_ray.client.problems import error_of


def answer(status: int, **more: Any) -> httpx.Response:
    return httpx.Response(status, request=httpx.Request("GET", "http://m/api/runs/1?secret=x"), **more)


def problem(status: int, code: str, **members: Any) -> httpx.Response:
    body = {"type": f"urn:moments:error:{code}", "title": "t", "status": status, "detail": "What to do.", "code": code}
    return answer(status, json={**body, **members}, headers={"content-type": "application/problem+json; charset=utf-8"})


@pytest.mark.parametrize("kind", [*errors.all_errors()], ids=lambda kind: kind.__name__)
def test_every_error_of_ours_comes_back_as_itself(kind: type[errors.MomentsError]) -> None:
    error = error_of(problem(kind.status, kind.code, run="r1", retryable=kind.retryable))
    assert (error.code, error.status, error.retryable) == (kind.code, kind.status, kind.retryable)
    assert (error.message, error.detail["run"]) == ("What to do.", "r1")


def test_an_error_knows_when_to_ask_again() -> None:
    response = problem(429, "access.rate")
    response.headers["Retry-After"] = "7"
    assert error_of(response).detail["retry_after"] == 7.0
    assert "retry_after" not in error_of(problem(429, "access.rate")).detail


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (problem(404, "http.not_found"), errors.NotFound),
        (problem(409, "newer.than_us"), errors.Conflict),
        (problem(413, "http.request_entity_too_large"), errors.InvalidRequest),
        (answer(502, text="<html>bad gateway</html>"), errors.ServerUnavailable),
        (answer(401), errors.KeyInvalid),
        (answer(429), errors.RateExceeded),
        (answer(500, json=[1], headers={"content-type": "application/problem+json"}), errors.ServerUnavailable),
        (answer(418), errors.ServerBadAnswer),
    ],
    ids=lambda value: getattr(value, "__name__", None) or str(value.status_code),
)
def test_what_is_not_known_is_told_by_its_status(response: httpx.Response, kind: type[errors.MomentsError]) -> None:
    error = error_of(response)
    assert type(error) is kind
    assert "secret" not in error.message


@pytest.mark.parametrize("server", ["7005", "ftp://host", "http://", "http://me:secret@host", "http://host:port"])
def test_an_address_that_is_none_is_refused(server: str) -> None:
    with pytest.raises(errors.InvalidRequest, match="server's address") as caught:
        MomentsClient(server)
    assert "secret" not in caught.value.message


@pytest.mark.parametrize("identifier", ["", "..", "a/b", "a?b", "x" * 65])
async def test_what_is_no_identifier_is_asked_of_nobody(identifier: str) -> None:
    async with MomentsClient("http://127.0.0.1:1") as client:
        with pytest.raises(errors.InvalidRequest, match="not an identifier"):
            await client.run(identifier)


async def test_a_server_that_is_not_there_is_told_at_once_with_the_cure() -> None:
    async with MomentsClient("http://127.0.0.1:1", timeout=60) as client:
        with pytest.raises(errors.ServerUnavailable, match="moments up"):
            await client.run("r1")
        with pytest.raises(errors.ServerUnavailable, match=r"127\.0\.0\.1:1"):
            await client.wait("r1")
