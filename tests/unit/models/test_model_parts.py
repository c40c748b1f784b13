"""What a question carries beside words: how it goes out, what a model does not take, and what an answer costs."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from moments_ray import runtime
from moments_ray.engine.environment import Environment
from moments_ray.engine.usage import Usage
from moments_ray.errors import (
    ModelBadResponse,
    ModelContextExceeded,
    ModelError,
    ModelInputUnsupported,
    ModelRefused,
    ModelUnavailable,
)
from moments_ray.models.conversation import Answer, AudioPart, ImagePart, Question, TextPart, Turn, VideoPart
from moments_ray.models.entry import ModelEntry
from moments_ray.models.gateway import Gateway
from moments_ray.moments.roles import REFINER
from moments_ray.settings import ModelSettings, Settings
from moments_ray.testing.model_server import ModelServer, ReceivedRequest, Reply, completion, json_reply, model_server

EVERYTHING = {"supports_images": True, "supports_video": True, "supports_audio": True}
PRICES = {"usd_per_million_input_tokens": 2.0, "usd_per_million_output_tokens": 10.0}
COST = Decimal("0.00007")  # 10 tokens in, 5 out
URL = "https://store.example/clip.mp4?signature=canary"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server(lambda _: completion("yes")) as server:
        yield server


@pytest.fixture
async def environment(tmp_path: Path) -> AsyncIterator[Environment]:
    """A process's connections, of which only the store and the models are used."""
    settings = Settings(
        _env_file=None,
        home=tmp_path,
        database_url=SecretStr("postgresql://nobody@127.0.0.1:1/none"),
        redis_url=SecretStr("redis://127.0.0.1:1/0"),
        models=ModelSettings(first_delay_seconds=0.01),
    )
    environment = runtime.connect(settings)
    yield environment
    await environment.close()


Ask = Callable[..., Any]


@pytest.fixture
def ask(environment: Environment, server: ModelServer) -> Ask:
    """Ask a model of the server and return its answer; what it spent is appended to ``spent``."""

    async def asked(*parts: Any, spent: list[Usage] | None = None, **fields: Any) -> Answer:
        entry = ModelEntry.checked({"key": "m", "kind": "llm", "base_url": server.url, **fields})
        question = Question(turns=(Turn.of("user", *parts),))
        told = (lambda _: None) if spent is None else spent.append
        return await environment.service(Gateway).complete(REFINER, entry, question, 20.0, spent=told)

    return asked


async def stored(environment: Environment, name: str, data: bytes, content_type: str) -> str:
    await environment.store.put_bytes(name, data, content_type=content_type)
    return name


def content(server: ModelServer) -> Any:
    (request,) = server.received
    return request.json["messages"][0]["content"]


async def test_every_kind_of_part_goes_out_as_openai_has_it(
    ask: Ask, server: ModelServer, environment: Environment
) -> None:
    picture = await stored(environment, "pictures/a.png", b"PNG", "image/png")
    sound = await stored(environment, "sounds/a.wav", b"RIFF", "audio/wav")
    await ask(
        "look and listen",
        VideoPart(url=URL),
        ImagePart(url="https://store.example/a.png"),
        ImagePart(object=picture),
        AudioPart(object=sound),
        TextPart(text="then answer"),
        **EVERYTHING,
    )
    assert content(server) == [
        {"type": "text", "text": "look and listen"},
        {"type": "video_url", "video_url": {"url": URL}},
        {"type": "image_url", "image_url": {"url": "https://store.example/a.png"}},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{base64.b64encode(b'PNG').decode()}"}},
        {"type": "input_audio", "input_audio": {"data": base64.b64encode(b"RIFF").decode(), "format": "wav"}},
        {"type": "text", "text": "then answer"},
    ]


async def test_words_alone_go_out_as_a_string_which_every_server_takes(ask: Ask, server: ModelServer) -> None:
    await ask("hello")
    assert content(server) == "hello"


@pytest.mark.parametrize(
    ("part", "field"),
    [
        (VideoPart(url=URL), "supports_video"),
        (ImagePart(url=URL), "supports_images"),
        (AudioPart(object="sounds/none.wav"), "supports_audio"),
    ],
    ids=["video", "image", "audio"],
)
async def test_what_a_model_does_not_take_is_refused_before_anything_is_sent(
    ask: Ask, server: ModelServer, part: Any, field: str
) -> None:
    spent: list[Usage] = []
    others = {name: name != field for name in EVERYTHING}
    with pytest.raises(ModelInputUnsupported, match=f"say so with {field} in PATCH /api/admin/models/m") as caught:
        await ask("look", part, spent=spent, **others)
    assert "canary" not in str(caught.value)
    assert (server.received, spent) == ([], [])


async def test_an_object_of_another_kind_than_its_part_says_is_not_sent(
    ask: Ask, server: ModelServer, environment: Environment
) -> None:
    video = await stored(environment, "videos/a.mp4", b"MP4", "video/mp4")
    sound = await stored(environment, "sounds/a.ogg", b"OGG", "audio/ogg")
    for part in (ImagePart(object=video), AudioPart(object=video), AudioPart(object=sound)):
        with pytest.raises(ModelInputUnsupported, match="models do not take that as"):
            await ask(part, **EVERYTHING)
    assert server.received == []


async def test_objects_that_are_too_large_together_are_not_sent(
    ask: Ask, server: ModelServer, environment: Environment
) -> None:
    names = [await stored(environment, f"pictures/{n}.png", bytes(11 * 1024 * 1024), "image/png") for n in range(2)]
    with pytest.raises(ModelInputUnsupported, match="larger than 20,971,520 bytes"):
        await ask(*(ImagePart(object=name) for name in names), **EVERYTHING)
    assert server.received == []


def test_a_medium_is_named_in_one_way() -> None:
    both: tuple[dict[str, Any], ...] = ({}, {"url": URL, "object": "videos/a.mp4"})
    for fields in both:
        with pytest.raises(ValidationError, match="not by both"):
            VideoPart(**fields)
    assert "canary" not in repr(VideoPart(url=URL))


async def test_an_answer_costs_its_tokens_at_the_entrys_prices(ask: Ask) -> None:
    spent: list[Usage] = []
    answer = await ask("?", spent=spent, **PRICES)
    assert (answer.input_tokens, answer.output_tokens) == (10, 5)
    await ask("?", spent=spent)
    assert spent == [Usage(10, 5, COST), Usage(10, 5)]


@pytest.mark.parametrize(
    "usage",
    [None, "lots", {}, {"prompt_tokens": -1, "completion_tokens": 10**30}, {"prompt_tokens": "5"}, [1]],
    ids=["null", "words", "empty", "absurd", "text", "list"],
)
async def test_a_server_that_does_not_say_what_it_took_counts_as_nothing(
    ask: Ask, server: ModelServer, usage: Any
) -> None:
    message = {"role": "assistant", "content": "yes"}
    server.answer = lambda _: json_reply({"choices": [{"message": message}], "usage": usage})
    spent: list[Usage] = []
    assert (await ask("?", spent=spent, **PRICES)).text == "yes"
    assert spent == [Usage()]


def each(*replies: Reply) -> Callable[[ReceivedRequest], Reply]:
    left = list(replies)
    return lambda _: left.pop(0)


@pytest.mark.parametrize(
    ("replies", "kind", "answers"),
    [
        ((completion("{", finish="length"),), ModelContextExceeded, 1),
        ((completion(None, refusal="no"),), ModelRefused, 1),
        ((completion(""), completion("")), ModelBadResponse, 2),
        ((completion(""), *(3 * [json_reply({}, 500)])), ModelUnavailable, 1),
        ((json_reply({}, 404),), ModelBadResponse, 0),
    ],
    ids=["length", "refusal", "empty", "empty and away", "not found"],
)
async def test_an_answer_that_comes_to_nothing_is_paid_for(
    ask: Ask, server: ModelServer, replies: tuple[Reply, ...], kind: type[ModelError], answers: int
) -> None:
    server.answer = each(*replies)
    spent: list[Usage] = []
    with pytest.raises(kind):
        await ask("?", spent=spent, **PRICES)
    assert spent == [Usage(10 * answers, 5 * answers, answers * COST)]


async def test_a_second_answer_adds_to_the_first(ask: Ask, server: ModelServer) -> None:
    server.answer = each(completion(""), completion("yes"))
    spent: list[Usage] = []
    await ask("?", spent=spent, **PRICES)
    assert spent == [Usage(20, 10, 2 * COST)]
