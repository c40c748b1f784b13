"""What a model's server does to us: answers, faults that pass, faults that last, and secrets that stay inside."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from moments_ray.errors import (
    ModelBadResponse,
    ModelContextExceeded,
    ModelError,
    ModelRefused,
    ModelUnavailable,
)
from moments_ray.models import chat, parakeet
from moments_ray.models.conversation import Answer, Question, Sampling, Turn, VideoPart
from moments_ray.models.endpoint import Endpoint
from moments_ray.models.entry import ModelEntry
from moments_ray.settings import ModelSettings
from moments_ray.testing.model_server import ModelServer, ReceivedRequest, Reply, completion, json_reply, model_server

SECRET_URL = "https://store.example/clip.mp4?signature=canary"
QUESTION = Question(
    turns=(Turn.of("system", "be kind"), Turn.of("user", "watch this", VideoPart(url=SECRET_URL))),
    answer_schema={"type": "object"},
)
SETTINGS = ModelSettings(
    first_delay_seconds=0.01,
    longest_wait_seconds=0.3,
    connect_timeout_seconds=2.0,
    failures_until_open=50,
    api_keys={"m": SecretStr("canary-key")},
)

Connect = Callable[..., Endpoint]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server(lambda _: completion("yes")) as server:
        yield server


async def straight() -> int | None:
    return None


@pytest.fixture
async def connect(server: ModelServer) -> AsyncIterator[Connect]:
    made: list[Endpoint] = []

    def make(settings: ModelSettings = SETTINGS, **fields: Any) -> Endpoint:
        entry = ModelEntry.checked({"key": "m", "kind": "llm", "base_url": server.url, "timeout_s": 20.0, **fields})
        made.append(Endpoint(entry, settings, straight))
        return made[-1]

    yield make
    for endpoint in made:
        await endpoint.close()


async def asked(endpoint: Endpoint, question: Question = QUESTION, timeout: float = 10.0) -> Answer:
    return await chat.complete(endpoint, question, timeout)


def after(faults: int, fault: Reply, then: Reply | None = None) -> Callable[[ReceivedRequest], Reply]:
    """Answer with a fault some times, and then well."""
    left = [fault] * faults
    return lambda _: left.pop() if left else then or completion("yes")


async def test_a_question_goes_out_as_openai_has_it(server: ModelServer, connect: Connect) -> None:
    endpoint = connect(model="qwen", temperature=0.3, top_k=20, max_tokens=100, supports_json_schema=True)
    question = QUESTION.model_copy(update={"sampling": Sampling(temperature=0.0)})
    answer = await asked(endpoint, question)
    assert (answer.text, answer.input_tokens, answer.output_tokens) == ("yes", 10, 5)
    (request,) = server.received
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.headers["authorization"] == "Bearer canary-key"
    assert request.json == {
        "model": "qwen",
        "messages": [
            {"role": "system", "content": "be kind"},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "watch this"},
                    {"type": "video_url", "video_url": {"url": SECRET_URL}},
                ],
            },
        ],
        "stream": False,
        "temperature": 0.0,
        "top_k": 20,
        "max_tokens": 100,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": True},
        },
    }


async def test_no_schema_is_sent_to_a_model_that_is_not_known_to_take_one(
    server: ModelServer, connect: Connect
) -> None:
    await asked(connect())
    assert "response_format" not in server.received[0].json


@pytest.mark.parametrize(
    "fault",
    [
        json_reply({"error": {"message": "busy"}}, 429, retry_after="0"),
        json_reply({}, 500),
        json_reply({}, 503, retry_after="Wed, 21 Oct 2015 07:28:00 GMT"),
        Reply(502, b"<html>bad gateway</html>", "text/html"),
        Reply(body=b'{"choices": []}', breaks_off=True),
        completion(""),
        completion(None),
        json_reply({"choices": []}),
    ],
    ids=["429", "500", "503", "502", "reset", "empty", "null", "no choice"],
)
async def test_what_may_pass_is_tried_again(server: ModelServer, connect: Connect, fault: Reply) -> None:
    server.answer = after(1, fault)
    assert (await asked(connect())).text == "yes"
    assert len(server.received) == 2


async def test_retry_after_is_waited_for_within_reason(server: ModelServer, connect: Connect) -> None:
    server.answer = after(1, json_reply({}, 429, retry_after="3600"))
    begun = time.monotonic()
    await asked(connect())
    assert time.monotonic() - begun >= 0.3


async def test_a_server_that_never_answers_is_given_up_at_its_timeout_every_time(
    server: ModelServer, connect: Connect
) -> None:
    async def never(_: ReceivedRequest) -> Reply:
        await asyncio.sleep(600)
        return completion("late")

    server.answer = never
    with pytest.raises(ModelUnavailable, match=r"did not answer within 0\.2 s"):
        await asked(connect(timeout_s=0.2))
    assert len(server.received) == 3
    with pytest.raises(ModelUnavailable):
        await asked(connect(timeout_s=600), timeout=0.3)


async def test_a_server_that_is_not_there_is_said_so(server: ModelServer, connect: Connect) -> None:
    with pytest.raises(ModelUnavailable, match="m cannot be reached: ConnectError"):
        await asked(connect(base_url="http://127.0.0.1:1"))


@pytest.mark.parametrize(
    ("fault", "kind", "told"),
    [
        (json_reply({"error": {"message": "no such model"}}, 404), ModelBadResponse, "404: no such model"),
        (json_reply({"detail": "no"}, 401), ModelBadResponse, "API_KEYS"),
        (json_reply({}, 307, location="http://127.0.0.1:1/"), ModelBadResponse, "307"),
        (
            json_reply({"error": {"message": "This model's maximum context length is 8 tokens"}}, 400),
            ModelContextExceeded,
            "too long",
        ),
        (Reply(200, b"<html>login</html>", "text/html"), ModelBadResponse, "text/html where JSON was due"),
        (Reply(200, b"{"), ModelBadResponse, "cannot be read"),
        (Reply(200, b"[" * 100_000), ModelBadResponse, "cannot be read"),
        (Reply(200, b"[]"), ModelBadResponse, "no chat completion"),
        (Reply(200, b" " * 9_000_000), ModelBadResponse, "more than"),
        (completion('{"first', finish="length"), ModelContextExceeded, "before it was complete"),
        (completion("", finish="content_filter"), ModelRefused, "declined"),
        (completion(None, refusal="I will not."), ModelRefused, "I will not."),
    ],
    ids=["404", "401", "307", "context", "html", "cut", "deep", "list", "large", "length", "filter", "refusal"],
)
async def test_what_lasts_is_an_error_at_once(
    server: ModelServer, connect: Connect, fault: Reply, kind: type[ModelError], told: str
) -> None:
    server.answer = after(1, fault)
    with pytest.raises(kind, match=told):
        await asked(connect())
    assert len(server.received) == 1


async def test_a_model_that_keeps_failing_is_left_alone_and_then_tried_by_one(
    server: ModelServer, connect: Connect
) -> None:
    settings = SETTINGS.model_copy(update={"failures_until_open": 3, "open_seconds": 0.3})
    server.answer = after(3, json_reply({}, 500))
    endpoint = connect(settings)
    with pytest.raises(ModelUnavailable, match="500"):
        await asked(endpoint)
    with pytest.raises(ModelUnavailable, match="left alone"):
        await asked(endpoint)
    assert len(server.received) == 3
    await asyncio.sleep(0.35)
    several = await asyncio.gather(*(asked(endpoint) for _ in range(3)), return_exceptions=True)
    assert [isinstance(each, Answer) for each in several].count(True) == 1
    assert (await asked(endpoint)).text == "yes"


async def test_a_cancelled_question_ends_at_once(server: ModelServer, connect: Connect) -> None:
    gone = asyncio.Event()
    here = asyncio.get_running_loop()

    async def slow(_: ReceivedRequest) -> Reply:
        here.call_soon_threadsafe(gone.set)
        await asyncio.sleep(600)
        return completion("late")

    server.answer = slow
    task = asyncio.ensure_future(asked(connect(timeout_s=60)))
    await gone.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_secrets_are_in_no_log_and_no_error(server: ModelServer, connect: Connect) -> None:
    server.answer = lambda _: json_reply({"error": {"message": f"cannot fetch {SECRET_URL} with canary-url"}}, 500)
    with structlog.testing.capture_logs() as logs, pytest.raises(ModelUnavailable, match="<url>") as caught:
        await asked(connect())
    seen = json.dumps(logs, default=str) + str(caught.value) + repr(QUESTION) + repr(SETTINGS)
    assert len(logs) == 5
    assert "signature" not in seen
    assert "canary-key" not in seen


RECOGNITION = {
    "transcription": "Hello world.",
    "word_timestamps": [{"word": "Hello", "start": 0.0, "end": 0.5}, {"word": "world.", "start": 0.6, "end": 1.0}],
    "segment_timestamps": [{"text": "Hello world.", "start": 0.0, "end": 1.0}],
    "processing_time": 15.5,
}


async def test_sound_goes_to_parakeet_as_a_file_and_words_come_back(
    server: ModelServer, connect: Connect, tmp_path: Path
) -> None:
    server.answer = after(1, json_reply({}, 500), json_reply(RECOGNITION))
    audio = tmp_path / "sound.wav"
    audio.write_bytes(b"RIFF" + bytes(300_000))
    heard = await parakeet.transcribe(connect(kind="asr", key="parakeet"), audio, 10.0)
    assert [(word.text, word.start, word.end) for word in heard.words] == [("Hello", 0.0, 0.5), ("world.", 0.6, 1.0)]
    assert (heard.engine, heard.text, heard.segments[0].text) == ("parakeet", "Hello world.", "Hello world.")
    for request in server.received:  # the file is whole in the second try too
        assert request.path == "/transcribe"
        assert b'name="file"' in request.body
        assert audio.read_bytes() in request.body


def test_nobody_speaking_is_a_transcript() -> None:
    assert parakeet.transcript_of({"transcription": "", "word_timestamps": []}, "p").words == ()


def test_single_words_without_times_are_left_out_and_counted() -> None:
    words = [*RECOGNITION["word_timestamps"], {"word": "lost", "start": float("nan"), "end": 2}]  # type: ignore[misc]
    heard = parakeet.transcript_of({**RECOGNITION, "word_timestamps": words}, "p")
    assert (len(heard.words), heard.health["unreadable_words"]) == (2, 1)


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {"text": "hello"},
        {"transcription": "hello", "word_timestamps": []},
        {"transcription": "hello", "word_timestamps": [{"word": "hello"}]},
        {"transcription": "", "word_timestamps": [None] * 600_000},
    ],
    ids=["list", "other", "no words", "no times", "too many"],
)
def test_what_is_no_transcript_is_refused(answer: object) -> None:
    with pytest.raises(ModelBadResponse):
        parakeet.transcript_of(answer, "p")
