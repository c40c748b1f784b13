"""What a probe finds out about servers of different talents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from moments_ray.models.endpoint import Endpoint
from moments_ray.models.entry import ModelEntry
from moments_ray.models.probe import learned, probe
from moments_ray.settings import ModelSettings
from moments_ray.testing.model_server import ModelServer, ReceivedRequest, Reply, completion, json_reply, model_server


def talented(request: ReceivedRequest) -> Reply:
    """Do everything: schemas, video, and tell the context."""
    if request.path == "/v1/models":
        return json_reply({"data": [{"id": "other"}, {"id": "qwen", "max_model_len": 65536}]})
    return completion('{"mark": "moments-probe"}' if "response_format" in request.json else "ready")


def plain(request: ReceivedRequest) -> Reply:
    """Only talk."""
    if request.path == "/v1/models" or request.video_url:
        return json_reply({"error": {"message": "unknown part type: video_url"}}, 400)
    return completion("Rain is water.")


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server(talented) as server:
        yield server


@pytest.fixture
async def connect(server: ModelServer) -> AsyncIterator[Callable[..., Endpoint]]:
    made: list[Endpoint] = []

    async def straight() -> int | None:
        return None

    def make(**fields: Any) -> Endpoint:
        entry = ModelEntry.checked(
            {"key": "m", "kind": "llm", "model": "qwen", "base_url": server.url, "timeout_s": 5, **fields}
        )
        made.append(Endpoint(entry, ModelSettings(tries=1), straight))
        return made[-1]

    yield make
    for endpoint in made:
        await endpoint.close()


async def test_a_model_that_can_everything_is_seen_through(
    server: ModelServer, connect: Callable[..., Endpoint]
) -> None:
    endpoint = connect()
    found = await probe(endpoint)
    assert (found.reachable, found.json_schema, found.video, found.max_context) == (True, True, True, 65536)
    assert found.seconds is not None
    assert learned(endpoint.entry, found) == {"supports_json_schema": True, "max_context": 65536}
    assert server.received[2].video_url is not None
    assert server.received[2].video_url.startswith("data:video/mp4;base64,")


async def test_a_model_that_only_talks_is_not_believed_more(
    server: ModelServer, connect: Callable[..., Endpoint]
) -> None:
    server.answer = plain
    endpoint = connect(supports_json_schema=True, supports_video=True)
    found = await probe(endpoint)
    assert (found.reachable, found.json_schema, found.video, found.max_context) == (True, False, False, None)
    assert learned(endpoint.entry, found) == {"supports_json_schema": False}


async def test_a_model_that_is_not_there_is_a_finding_with_its_code(connect: Callable[..., Endpoint]) -> None:
    found = await probe(connect(base_url="http://127.0.0.1:1"))
    assert (found.reachable, found.code) == (False, "model.unavailable")
    assert found.error is not None
    assert "ConnectError" in found.error


async def test_a_recogniser_is_given_a_second_of_silence(server: ModelServer, connect: Callable[..., Endpoint]) -> None:
    server.answer = lambda _: json_reply({"transcription": "", "word_timestamps": []})
    assert (await probe(connect(kind="asr"))).reachable
    assert b"WAVEfmt" in server.received[0].body
    server.answer = lambda _: completion("I am no recogniser")
    assert (await probe(connect(kind="asr"))).code == "model.bad_response"
