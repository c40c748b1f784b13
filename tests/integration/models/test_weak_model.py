"""What becomes of a real, weak model's answers: llama.cpp's server, 270 million parameters, held to our schemas."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator

import pytest

from moments_ray.errors import ModelContextExceeded, ModelOutputInvalid
from moments_ray.models import chat
from moments_ray.models.conversation import Answer, Question, Sampling
from moments_ray.models.endpoint import Endpoint
from moments_ray.models.entry import ModelEntry
from moments_ray.models.probe import probe
from moments_ray.moments.finding.by_model import ModelCall, find_by_model
from moments_ray.moments.finding.edges_by_model import refine_by_model
from moments_ray.moments.finding.find import find_moments
from moments_ray.moments.finding.options import FindOptions, find_options
from moments_ray.moments.finding.prompt import FIND_SYSTEM
from moments_ray.moments.finding.refine import RefinementLimits
from moments_ray.moments.finding.snap import EdgeContext
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.settings import ModelSettings
from moments_ray.speech.captions import read_captions
from moments_ray.speech.transcript import Transcript
from moments_ray.testing.llama_server import is_installed, llama_server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not is_installed(), reason="llama.cpp and its small model are not installed: extra `llama`"),
]
CONTEXT_TOKENS = 6144
ANSWER_TOKENS = 256
LONGEST_ANSWER_SECONDS = 900.0  # two cores that have much else to do
SENTENCES = (
    "Rivers shape the land they cross.",
    "A river carries water and silt all the way down to the sea.",
    "Where the river slows, the silt falls and builds a delta of islands.",
    "Why does a river bend?",
    "Because the water on the outside of a bend is faster, and it cuts into the bank.",
    "Now bread is a different story.",
    "A baker needs flour, water, salt and a little yeast.",
    "The yeast eats the sugar in the flour and breathes out gas.",
    "Without salt the dough would rise too fast, and then it would fall.",
    "Let us turn to bees, who speak by dancing.",
    "A bee that finds a flower tells the hive by a dance.",
    "The dance says how far the flower is and in which direction.",
    "However, bees measure that direction by the sun.",
)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with llama_server(tmp_path_factory.mktemp("llama"), CONTEXT_TOKENS) as url:
        yield url


@pytest.fixture
async def endpoint(url: str) -> AsyncIterator[Endpoint]:
    async def straight() -> int | None:
        return None

    entry = ModelEntry.checked(
        {
            "key": "weak",
            "kind": "llm",
            "base_url": url,
            "timeout_s": LONGEST_ANSWER_SECONDS,
            "supports_json_schema": True,
        }
    )
    endpoint = Endpoint(entry, ModelSettings(tries=1), straight)
    yield endpoint
    await endpoint.close()


@pytest.fixture
def call(endpoint: Endpoint) -> ModelCall:
    async def send(question: Question) -> Answer:
        return await chat.complete(endpoint, question, LONGEST_ANSWER_SECONDS, schema=True)

    sampling = Sampling(temperature=0.0, max_tokens=ANSWER_TOKENS)
    return ModelCall(send, sampling, max_context=CONTEXT_TOKENS, max_tokens=ANSWER_TOKENS)


@pytest.fixture(scope="module")
def talk() -> Transcript:
    lines = ({"text": text, "start": n * 6.0, "end": n * 6.0 + 5.5} for n, text in enumerate(SENTENCES))
    return read_captions(json.dumps({"segments": list(lines)}).encode())


@pytest.fixture(scope="module")
def options() -> FindOptions:
    return find_options(count=2, min_seconds=10.0, max_seconds=40.0)


async def test_a_model_that_rambles_to_its_limit_is_reachable_and_each_finding_stands_by_itself(
    endpoint: Endpoint,
) -> None:
    found = await probe(endpoint)
    assert (found.reachable, found.code, found.error) == (True, None, None)
    assert found.json_schema is True  # llama.cpp holds any model to a schema
    assert found.video is None  # it answers 500 to a video, which may be anything


async def test_the_example_copied_twice_is_no_answer_and_whatever_it_says_is_cleaned_and_filled_up(
    call: ModelCall, talk: Transcript, options: FindOptions
) -> None:
    found = await find_by_model(talk, None, None, options, call)
    if found.report.get("unanswered_windows"):  # what this build does where it was tried
        assert found.quality.filled == 2
        assert "the example of the form" in str(found.quality.shortfall)
    assert found.quality.found == 2
    assert found.quality.cuts_in_word == 0
    assert found.quality.overlap == 0
    for moment in found.moments:
        assert sum(char.isalpha() for char in moment.title) >= 3
        assert moment.title.casefold() not in FIND_SYSTEM.casefold()
        assert 10.0 <= moment.end_time - moment.start_time <= 40.0


async def test_its_idea_of_edges_moves_a_moment_no_further_than_allowed_or_is_an_error_of_the_model(
    call: ModelCall, talk: Transcript, options: FindOptions
) -> None:
    moment = find_moments(talk, None, None, options).moments[0]
    timeline = Timeline.of(talk, talk.words[-1].end)
    limits = RefinementLimits(bounds=options.bounds(timeline.duration), max_move=5.0)
    try:
        refined = await refine_by_model(moment, EdgeContext(timeline), limits, call, clip=None, prompt=None)
    except (ModelOutputInvalid, ModelContextExceeded):
        return  # the stage leaves the generated edges and says so
    assert refined.reason
    assert refined.start_time < refined.end_time
    assert abs(refined.end_time - moment.end_time) <= 5.0 + 1.0
    assert timeline.gap_at(refined.start_time) is not None or refined.start_time in timeline.starts
