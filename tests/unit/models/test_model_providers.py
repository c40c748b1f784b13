"""The wires of Anthropic, OpenAI, ElevenLabs and Replicate, spoken to real servers on loopback, with their failures."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from moments_ray.errors import (
    InvalidRequest,
    ModelBadResponse,
    ModelDenied,
    ModelError,
    ModelQuotaExceeded,
    ModelRefused,
    ModelUnavailable,
)
from moments_ray.models import anthropic_chat, elevenlabs, openai_media, replicate
from moments_ray.models.attachments import Attachment
from moments_ray.models.conversation import ImagePart, Question, Turn
from moments_ray.models.endpoint import Endpoint
from moments_ray.models.entry import DEFAULTS
from moments_ray.models.making import FilmOrder, PictureOrder, SpeechOrder
from moments_ray.models.registry import provided
from moments_ray.settings import ModelSettings, ProviderSettings, Settings
from moments_ray.testing.model_server import ModelServer, Reply, json_reply, model_server
from moments_ray.testing.provider_server import KEYS, Providers

QUESTION = Question(
    turns=(Turn.of("system", "be brief"), Turn.of("user", "look", ImagePart(object="mug"))),
    answer_schema={"type": "object", "properties": {}},
)
MUG = {"mug": Attachment("image/jpeg", b"\xff\xd8mug")}
LINE = SpeechOrder(text="Shop Now, please.", target="unused")
FILM = FilmOrder(prompt="a mug", seconds=7.2, aspect_ratio="9:16", seed=4711)
PICTURE = PictureOrder(prompt="a mug", width=1080, height=1920, seed=4712, target="unused", token="once")

Connect = Callable[[str], Endpoint]


@pytest.fixture
def providers() -> Providers:
    return Providers(lambda _: {"said": "yes"}, picture=b"a picture")


@pytest.fixture
def server(providers: Providers) -> Iterator[ModelServer]:
    with model_server(providers) as server:
        providers.url = server.url
        yield server


@pytest.fixture
async def connect(server: ModelServer) -> AsyncIterator[Connect]:
    own = ModelSettings.model_validate(
        {
            "first_delay_seconds": 0.01,
            "failures_until_open": 50,
            "providers": {name: {"api_key": key, "base_url": server.url} for name, key in KEYS.items()},
        }
    )
    settings = Settings(_env_file=None, models=own)
    made: list[Endpoint] = []

    async def straight() -> int | None:
        return None

    def make(key: str) -> Endpoint:
        entry = provided(next(entry for entry in DEFAULTS if entry.key == key), settings)
        made.append(Endpoint(entry, own, straight))
        return made[-1]

    yield make
    for endpoint in made:
        await endpoint.close()


def test_a_provider_s_key_configures_its_models_and_stays_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLICATE_API_TOKEN", "canary")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "canary")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:1")
    settings = Settings(_env_file=None)
    found = {entry.key: provided(entry, settings) for entry in DEFAULTS}
    assert {key for key, entry in found.items() if entry.provider and entry.configured} == {
        "anthropic",
        "replicate_image",
        "replicate_video",
    }
    assert found["replicate_video"].base_url == "https://api.replicate.com"
    assert found["anthropic"].base_url == "http://127.0.0.1:1"
    assert found["anthropic"].model == "claude-3-5-sonnet-20241022"
    assert "canary" not in repr(settings)
    assert settings.models.secret("anthropic", "anthropic") == SecretStr("canary")
    assert settings.models.provider("openai") == ProviderSettings()


async def test_an_answer_by_a_schema_is_what_a_forced_tool_is_used_with(connect: Connect, server: ModelServer) -> None:
    answer = await anthropic_chat.complete(connect("anthropic"), QUESTION, 20, MUG)
    assert json.loads(answer.text) == {"said": "yes"}
    assert (answer.input_tokens, answer.output_tokens) == (1000, 200)
    body = server.received[0].json
    assert body["system"] == "be brief"
    assert body["tool_choice"] == {"type": "tool", "name": "answer"}
    assert body["messages"][0]["content"][1]["source"]["media_type"] == "image/jpeg"
    headers = server.received[0].headers
    assert KEYS["anthropic"] in {headers.get("x-api-key"), headers.get("authorization", "").removeprefix("Bearer ")}


async def test_three_tries_give_one_answer(connect: Connect, server: ModelServer, providers: Providers) -> None:
    providers.faults = [json_reply({}, 529), json_reply({}, 429, retry_after="0")]
    await anthropic_chat.complete(connect("anthropic"), QUESTION, 20, MUG)
    assert len(server.received) == 3


@pytest.mark.parametrize(
    ("reply", "error", "tries"),
    [
        (json_reply({"error": {"message": "no"}}, 401), ModelDenied, 1),
        (json_reply({"error": {"message": "no"}}, 403), ModelDenied, 1),
        (json_reply({"error": {"message": "Your credit balance is too low"}}, 400), ModelQuotaExceeded, 1),
        (json_reply({"error": {"message": "bad"}}, 400), ModelBadResponse, 1),
        (json_reply({"error": {"message": "no such model"}}, 422), ModelBadResponse, 1),
        (Reply(body=b"<html>", content_type="text/html"), ModelBadResponse, 1),
        (json_reply({"content": []}), ModelBadResponse, 1),
        (json_reply({}, 500), ModelUnavailable, 3),
    ],
    ids=["401", "403", "no credit", "400", "422", "html", "empty", "500"],
)
async def test_what_lasts_is_told_at_once_and_what_passes_is_tried_again(
    connect: Connect, server: ModelServer, providers: Providers, *, reply: Reply, error: type[ModelError], tries: int
) -> None:
    providers.faults = [reply] * 9
    with pytest.raises(error) as caught:
        await anthropic_chat.complete(connect("anthropic"), QUESTION, 20, MUG)
    assert len(server.received) == tries
    assert KEYS["anthropic"] not in str(caught.value)


async def test_a_refusal_is_one(connect: Connect, providers: Providers) -> None:
    message: dict[str, Any] = {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "stop_sequence": None,
    }
    usage = {"input_tokens": 3, "output_tokens": 1}
    providers.faults = [json_reply({**message, "stop_reason": "refusal", "usage": usage})]
    with pytest.raises(ModelRefused) as caught:
        await anthropic_chat.complete(connect("anthropic"), QUESTION, 20, MUG)
    assert caught.value.detail == usage  # it is paid for


async def test_words_become_a_wav_file(connect: Connect, server: ModelServer) -> None:
    sound = await openai_media.speak(connect("openai_speech"), LINE, 20)
    assert sound[:4] == b"RIFF"
    assert server.received[0].json["input"] == LINE.text
    assert server.received[0].headers["authorization"] == f"Bearer {KEYS['openai']}"


async def test_words_come_with_their_times(connect: Connect, server: ModelServer) -> None:
    sound, words = await elevenlabs.speak(connect("elevenlabs"), LINE, 20)
    assert sound
    assert [word.text for word in words] == ["Shop", "Now,", "please."]
    assert words[0].end <= words[1].start < words[1].end
    assert server.received[0].headers["xi-api-key"] == KEYS["elevenlabs"]


async def test_a_voice_names_no_path(connect: Connect, server: ModelServer) -> None:
    with pytest.raises(InvalidRequest):
        await elevenlabs.speak(connect("elevenlabs"), LINE.model_copy(update={"voice": "../../x"}), 20)
    assert server.received == []


async def test_a_picture_is_painted(connect: Connect, server: ModelServer) -> None:
    assert await openai_media.paint(connect("openai_image"), PICTURE, 20) == b"a picture"
    assert server.received[0].json["size"] == "1024x1536"


@pytest.mark.parametrize("reply", [Reply(body=b"words"), json_reply({"data": []}), json_reply({"audio_base64": "%"})])
async def test_what_is_no_sound_and_no_picture_is_refused_and_counts_as_paid(
    connect: Connect, providers: Providers, reply: Reply
) -> None:
    providers.faults = [reply] * 3
    for work in (
        openai_media.speak(connect("openai_speech"), LINE, 20),
        openai_media.paint(connect("openai_image"), PICTURE, 20),
        elevenlabs.speak(connect("elevenlabs"), LINE, 20),
    ):
        with pytest.raises(ModelBadResponse):
            await work


@pytest.mark.parametrize(("status", "sent"), [(429, 3), (503, 3), (500, 1), (504, 1)])
async def test_a_paid_request_is_sent_again_only_where_it_was_surely_not_carried_out(
    connect: Connect, server: ModelServer, providers: Providers, status: int, sent: int
) -> None:
    providers.faults = [json_reply({}, status)] * 9
    with pytest.raises(ModelUnavailable) as caught:
        await replicate.begin(connect("replicate_video"), FILM, 20, None)
    assert len(server.received) == sent
    assert caught.value.detail["done"] is (sent == 1)


async def test_a_prediction_is_begun_waited_for_and_found_by_its_seed(
    connect: Connect, server: ModelServer, providers: Providers
) -> None:
    endpoint = connect("replicate_video")
    assert await replicate.find(endpoint, FILM.seed, 20) is None
    begun = await replicate.begin(endpoint, FILM, 20, MUG["mug"])
    assert server.received[-1].path == "/v1/models/minimax/video-01/predictions"
    assert providers.predictions[0]["input"]["first_frame_image"].startswith("data:image/jpeg;base64,")
    found = await replicate.find(endpoint, FILM.seed, 20)
    assert found is not None
    assert (found.id, begun.status) == (begun.id, "running")
    ended = await replicate.wait(endpoint, begun.id, 20)
    assert ended.status == "succeeded"
    assert replicate.require_ours(ended.url or "", endpoint) == f"{server.url}/files/{begun.id}.mp4"
    await replicate.cancel(endpoint, begun.id, 20)
    assert providers.cancelled == [begun.id]


async def test_a_prediction_that_goes_on_too_long_is_told_and_goes_on(connect: Connect, providers: Providers) -> None:
    endpoint = connect("replicate_video")
    providers.polls = 1000
    begun = await replicate.begin(endpoint, FILM, 20, None)
    with pytest.raises(ModelUnavailable, match="has not finished"):
        await replicate.wait(endpoint, begun.id, 0.2)
    assert providers.cancelled == []


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest",
        "https://replicate.delivery.evil.example/x",
        "file:///etc/passwd",
        "https://x.com/y",
    ],
)
async def test_a_result_at_another_s_address_is_refused(connect: Connect, url: str) -> None:
    with pytest.raises(ModelBadResponse, match="another's"):
        replicate.require_ours(url, connect("replicate_video"))


async def test_a_result_at_the_provider_s_own_address_is_taken(connect: Connect) -> None:
    url = "https://replicate.delivery/xezq/out.mp4"
    assert replicate.require_ours(url, connect("replicate_video")) == url


@pytest.mark.parametrize("answer", [{"id": "../../x", "status": "starting"}, {"status": "starting"}, []])
async def test_what_is_no_prediction_is_refused(connect: Connect, providers: Providers, answer: Any) -> None:
    providers.faults = [json_reply(answer)]
    with pytest.raises(ModelBadResponse):
        await replicate.begin(connect("replicate_video"), FILM, 20, None)


async def test_many_at_once_are_each_answered(connect: Connect, server: ModelServer) -> None:
    endpoint = connect("openai_speech")
    sounds = await asyncio.gather(*(openai_media.speak(endpoint, LINE, 30) for _ in range(8)))
    assert len(sounds) == len(server.received) == 8
    assert server.most_at_once <= endpoint.entry.concurrency
