"""The client's words are the API's."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, get_args

import httpx
import pytest
from pydantic import SecretStr

from moments_ray.client import ExportFormat, MomentsClient, RunOptions, StartOptions, TranscriptFormat, shapes
from moments_ray.errors import InvalidRequest
from moments_ray.http.schemas.options import WebhookOptions, request_body
from moments_ray.library.api import transcripts
from moments_ray.moments.export import FORMATS

SECRET = "whsec_" + "QUJD" * 8


def test_answers_are_read_by_the_shapes_that_the_server_writes() -> None:
    own = {name for name in shapes.__all__ if getattr(shapes, name).__module__ == shapes.__name__}
    assert own == {"Started"}
    assert set(shapes.Started.model_fields) == set(shapes.VideoStarted.model_fields)


def test_every_format_can_be_asked_for() -> None:
    assert set(get_args(ExportFormat)) == set(FORMATS)
    assert set(get_args(TranscriptFormat)) == {"json", *transcripts._WRITERS}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"count": 0}, "The option count is not valid"),
        ({"countt": 3}, "The option countt is not valid"),
        ({"preset": "wide"}, "The option preset is not valid: input should be 'source', 'web' or 'vertical'"),
        ({"min_seconds": 50.0, "max_seconds": 10.0}, "above the maximum length"),
        ({"webhook": {"url": "https://example.org", "secret": "short"}}, "The option webhook is not valid"),
    ],
)
async def test_a_bad_option_is_refused_by_name_before_anything_is_sent(options: dict[str, Any], says: str) -> None:
    def nobody(request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"{request.url} was asked")

    async with MomentsClient("http://m", transport=httpx.MockTransport(nobody)) as client:
        with pytest.raises(InvalidRequest, match=says):
            await client.submit("https://example.org/talk.mp4", **options)


RUN: dict[str, Any] = {
    **dict.fromkeys(
        ("error", "error_stage", "cancel_requested_at", "started_at", "completed_at", "result", "application_version")
    ),
    "identifier": "r1",
    "pipeline": "toy",
    "subject": "s1",
    "status": "queued",
    "priority": 9,
    "attempt": 0,
    "progress": 0.0,
    "errors": 0,
    "metadata": {"a": 1},
    "queued_at": "2026-11-20T10:00:00Z",
    "reused": False,
}


async def test_any_pipeline_is_started_on_what_it_takes() -> None:
    asked: list[tuple[str, dict[str, Any], str]] = []

    def server(request: httpx.Request) -> httpx.Response:
        asked.append((request.url.path, json.loads(request.content), request.headers["Idempotency-Key"]))
        return httpx.Response(202, json=RUN, headers={"Location": "/api/runs/r1"})

    async with MomentsClient("http://m", transport=httpx.MockTransport(server)) as client:
        run = await client.start("toy", {"n": 3}, StartOptions(priority=9), key="k", metadata={"a": 1})
        with pytest.raises(InvalidRequest, match="The option pipeline is not valid"):
            await client.start("no name", {})
    assert asked == [("/api/runs", {"pipeline": "toy", "request": {"n": 3}, "priority": 9, "metadata": {"a": 1}}, "k")]
    assert (run.identifier, run.reused, run.priority) == ("r1", False, 9)


def test_a_request_has_what_was_given_and_the_secret_for_the_server_alone() -> None:
    options = RunOptions(count=3, webhook=WebhookOptions(url="https://example.org", secret=SecretStr(SECRET)))
    assert request_body(options) == {"count": 3, "webhook": {"url": "https://example.org", "secret": SECRET}}
    assert SECRET not in f"{options!r} {options.model_dump()} {options.model_dump_json()}"


def test_the_client_needs_neither_ray_nor_the_server_nor_the_database() -> None:
    heavy = ("ray", "serve_app", "sqlalchemy", "redis", "fastapi", "av", "numpy")
    script = f"import sys, moments_ray.client; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
