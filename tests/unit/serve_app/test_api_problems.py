"""Errors as the API's clients see them, and health when everything is gone: real connections to where nobody is."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import structlog.testing
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from moments_ray.errors import DatabaseUnavailable, DownloadPrivate, MediaError
from moments_ray.http.problems import render_problems
from moments_ray.http.request_scope import RequestScope
from moments_ray.settings import Settings
from serve_app.app import ServeArgs, app
from serve_app.factory import create_app
from tests.unit.serve_app.conftest import container


class Body(BaseModel):
    count: int


@pytest.fixture
def failing() -> FastAPI:
    """Routes that fail in every way."""
    api = FastAPI()
    render_problems(api)
    api.add_middleware(RequestScope)

    @api.get("/fails/{how}")
    async def fail(how: str) -> None:
        raise {
            "ours": DownloadPrivate("The video is private."),
            "placed": MediaError("A tool failed.", {"stage": "CLIP_EXTRACTION", "item": 3, "stderr": "/home/secret"}),
            "service": DatabaseUnavailable("PostgreSQL cannot be reached."),
            "unforeseen": ZeroDivisionError("a secret of the server"),
            "gone": ClientDisconnect(),
        }[how]

    @api.post("/counts")
    async def count(body: Body) -> int:
        return body.count

    @api.get("/health")
    async def health() -> None:
        return None

    return api


@pytest.fixture
async def client(failing: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(failing), base_url="http://api") as client:
        yield client


def problem(answer: httpx.Response) -> dict[str, object]:
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, object] = answer.json()
    assert body["status"] == answer.status_code
    assert body["type"] == f"urn:moments:error:{body['code']}"
    assert {"title", "detail", "retryable", "request_id"} <= body.keys()
    return body


async def test_a_request_whose_caller_is_gone_is_no_failure_of_the_server(client: httpx.AsyncClient) -> None:
    with structlog.testing.capture_logs() as logged, contextlib.suppress(AssertionError):  # nothing is answered
        await client.get("/fails/gone")
    assert [(entry["event"], entry["log_level"]) for entry in logged] == [("request.broken_off", "info")]


async def test_an_error_of_ours_is_a_problem_with_its_code(client: httpx.AsyncClient) -> None:
    answer = await client.get("/fails/ours", headers={"X-Request-ID": "mine"})
    body = problem(answer)
    assert answer.status_code == 422
    assert (body["code"], body["detail"], body["retryable"]) == ("download.private", "The video is private.", False)
    assert body["title"] == "The video is private or needs a login."
    assert body["request_id"] == "mine"


async def test_a_problem_says_where_it_happened_and_nothing_of_the_machine(client: httpx.AsyncClient) -> None:
    body = problem(await client.get("/fails/placed"))
    assert (body["stage"], body["item"]) == ("CLIP_EXTRACTION", 3)
    assert "secret" not in str(body)


async def test_a_missing_service_asks_the_client_to_come_back(client: httpx.AsyncClient) -> None:
    answer = await client.get("/fails/service")
    assert (answer.status_code, problem(answer)["retryable"], answer.headers["retry-after"]) == (503, True, "5")


async def test_an_unforeseen_error_is_a_problem_that_tells_nothing(client: httpx.AsyncClient) -> None:
    answer = await client.get("/fails/unforeseen")
    assert (answer.status_code, problem(answer)["code"]) == (500, "internal")
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [("GET", "/nowhere", 404, "http.not_found"), ("DELETE", "/health", 405, "http.method_not_allowed")],
)
async def test_the_frameworks_errors_are_problems_too(
    client: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, problem(answer)["code"]) == (status, code)
    assert status != 405 or answer.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"count": "many"}', "body.count: Input should be a valid integer"),
        (b"{", "body: this is no JSON: Expecting property name"),
        (b"", "body: Field required"),
        (b"[" * 100_000, "body: this is no JSON: it is nested too deeply"),
        (b'{"count": "\xff"}', "body: this is no JSON: it is not UTF-8"),
    ],
)
async def test_a_body_that_does_not_fit_is_told_where(client: httpx.AsyncClient, content: bytes, said: str) -> None:
    answer = await client.post("/counts", content=content, headers={"content-type": "application/json"})
    body = problem(answer)
    assert (answer.status_code, body["code"]) == (422, "input.invalid")
    assert str(body["detail"]).startswith(said)
    assert body["errors"]


async def test_health_names_the_parts_that_are_down_and_not_where_they_are(abandoned: httpx.AsyncClient) -> None:
    answer = await abandoned.get("/health")
    report = answer.json()
    assert answer.status_code == 503
    assert answer.headers["cache-control"] == "no-store"
    assert (report["status"], report["database"]["status"], report["redis"]["status"]) == ("unhealthy", "down", "down")
    assert (report["database"]["code"], report["redis"]["code"]) == ("database.unavailable", "redis.unavailable")
    assert report["ray"]["status"] == "ok"
    assert report["ray"]["nodes"] == 1
    assert "CLIP_EXTRACTION" in report["ray"]["unsatisfiable"]
    assert "127.0.0.1" not in answer.text
    assert (await abandoned.get("/livez")).json() == {"status": "ok"}
    assert (await abandoned.get("/readyz")).status_code == 503


async def test_nobody_is_let_in_while_it_cannot_be_told_who_may(abandoned: httpx.AsyncClient) -> None:
    answer = await abandoned.get("/api/videos")
    assert (answer.status_code, problem(answer)["code"]) == (503, "database.unavailable")


async def test_health_answers_however_long_a_part_takes(tmp_path: Path) -> None:
    asked, answered = [], threading.Event()

    def stuck() -> list[dict[str, float]]:
        asked.append(True)
        answered.wait()
        raise RuntimeError("the head is gone")

    transport = httpx.ASGITransport(create_app(container(tmp_path, stuck)))
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        try:
            answers = await asyncio.gather(*(client.get("/health") for _ in range(5)))
        finally:
            answered.set()
        assert {answer.json()["ray"]["code"] for answer in answers} == {"ray.unavailable"}
        assert len(asked) == 1


def test_a_serve_config_without_services_is_refused() -> None:
    with pytest.raises(ValueError, match="extra"):
        ServeArgs.model_validate({"speed": 11})
    settings = Settings(_env_file=None, database_url=None, redis_url=None)
    with pytest.raises(Exception, match="needs DATABASE_URL and REDIS_URL"):
        app(ServeArgs(settings=settings))
