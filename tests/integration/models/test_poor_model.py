"""What becomes of a model that is reached over HTTP and is no help: it copies its prompt, rambles, or says nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from moments_ray.errors import ModelBadResponse, ModelError
from moments_ray.models import chat
from moments_ray.models.conversation import Answer, Question, Sampling
from moments_ray.models.endpoint import Endpoint
from moments_ray.models.entry import ModelEntry
from moments_ray.moments.finding.by_model import ModelCall, find_by_model
from moments_ray.moments.finding.find import FindResult
from moments_ray.moments.finding.options import find_options
from moments_ray.moments.finding.prompt import FIND_SYSTEM
from moments_ray.settings import ModelSettings
from moments_ray.speech.captions import read_captions
from moments_ray.speech.transcript import Transcript
from moments_ray.testing.model_server import ModelServer, Reply, completion, json_reply, model_server

EXAMPLE = next(iter(re.findall(r'\{"moments": \[\{.*?\}\]\}', FIND_SYSTEM)))
REPEATED = json.dumps({"moments": json.loads(EXAMPLE)["moments"] * 6})
POOR = {
    "the prompt's example": completion(EXAMPLE),
    "the example six times": completion(REPEATED),
    "prose": completion("I would cut the part about rivers."),
    "an answer without end": completion('{"moments": [{"first": 1,', "length"),
    "a refusal": completion(None, refusal="I cannot watch videos."),
    "silence": completion(""),
}


@pytest.fixture(scope="module")
def talk() -> Transcript:
    subjects = ("rivers carry silt to the sea", "bakers fold salt into dough", "bees dance where flowers are")
    lines = [
        {"text": f"Number {n} says that {subjects[n // 10]}.", "start": n * 5.0, "end": n * 5.0 + 4.5}
        for n in range(30)
    ]
    return read_captions(json.dumps({"segments": lines}).encode())


@contextmanager
def answering(reply: Reply) -> Iterator[ModelServer]:
    with model_server(lambda _: reply) as server:
        yield server


async def find(talk: Transcript, server: ModelServer, *, fill: bool = True) -> FindResult:
    async def straight() -> int | None:
        return None

    entry = ModelEntry.checked({"key": "poor", "kind": "llm", "base_url": server.url, "supports_json_schema": True})
    endpoint = Endpoint(entry, ModelSettings(tries=1), straight)

    async def send(question: Question) -> Answer:
        return await chat.complete(endpoint, question, 60.0)

    call = ModelCall(send, Sampling(), max_context=8192, max_tokens=512)
    try:
        return await find_by_model(talk, None, None, find_options(count=2, min_seconds=10.0, fill=fill), call)
    finally:
        await endpoint.close()


@pytest.mark.parametrize("reply", POOR.values(), ids=POOR)
async def test_a_model_that_is_no_help_leaves_the_finding_to_the_local_finder_which_says_so(
    talk: Transcript, reply: Reply
) -> None:
    with answering(reply) as server:
        found = await find(talk, server)
        with pytest.raises(ModelError):
            await find(talk, server, fill=False)
    assert found.quality.found == found.quality.filled == 2
    assert found.quality.cuts_in_word == 0
    assert str(found.quality.shortfall).startswith("The model gave no answer that can be used: ")
    for moment in found.moments:
        assert moment.reason.startswith("Found by the local finder")
        assert moment.title.casefold() not in FIND_SYSTEM.casefold()


async def test_an_endpoint_that_is_none_is_an_error_that_nothing_hides(talk: Transcript) -> None:
    with answering(json_reply({"error": "no such model"}, status=404)) as server, pytest.raises(ModelBadResponse):
        await find(talk, server)
