"""What a caller says to models is what they are told: from the request to the wire."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from moments_ray.database.tables import Run
from moments_ray.engine import Context
from moments_ray.engine.queries.runs import Runs
from moments_ray.http.container import Container
from moments_ray.media.downloaded import SiteSignals
from moments_ray.media.signals import Signals
from moments_ray.models.gateway import Gateway
from moments_ray.moments.finding.moment import Moment
from moments_ray.moments.finding.options import Bounds
from moments_ray.moments.finding.refine import RefinementLimits
from moments_ray.moments.finding.snap import EdgeContext
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.moments.stages.model_calls import FindInputs, GenerationRecord, find, refine_edges
from moments_ray.moments.values import MomentsRequest, RefinementRequest
from moments_ray.speech.transcript import Transcript, Word
from moments_ray.testing.model_server import ModelServer, ReceivedRequest, Reply, completion, model_server
from moments_ray.testing.stages import stage_context
from tests.integration.api.conftest import Library

ENTRY = {"temperature": 0.1, "top_p": 0.9, "max_tokens": 3000}
SAMPLING = {"temperature": 0.65, "top_p": 0.8, "top_k": 17, "max_tokens": 777}
DURATION = 120.0
TRANSCRIPT = Transcript(
    engine="captions",
    language="en",
    segments=(),
    words=tuple(Word(text=f"word{n}{'.' if n % 8 == 7 else ''}", start=n * 0.5, end=n * 0.5 + 0.4) for n in range(240)),
)


def editor(request: ReceivedRequest) -> Reply:
    if "Possible starts:" in request.said:
        return completion(json.dumps({"start": 1, "end": 1, "reason": "Good as it is."}))
    return completion(json.dumps({"moments": [{"first": 3, "last": 8, "title": "A part", "score": 70}]}))


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server(editor) as server:
        yield server


@pytest.fixture
async def minimax(container: Container, server: ModelServer) -> AsyncIterator[ModelServer]:
    """The model `minimax`, with knobs of its operator's."""
    registry = container.environment.service(Gateway).registry
    await registry.patch("minimax", {"base_url": server.url, **ENTRY})
    yield server
    async with container.environment.database.begin() as session:
        await session.execute(text("TRUNCATE model_entries"))
    await registry.publish()


class Stages:
    """Does with a stored run what its model stages do."""

    def __init__(self, container: Container, scratch: Path) -> None:
        self._container = container
        self._scratch = scratch

    async def run_of(self, answer: httpx.Response) -> Run:
        assert answer.status_code == 202, answer.text
        async with self._container.environment.database.read() as session:
            return await Runs(session).get(answer.json()["run"]["identifier"])

    async def generate(self, run: Run) -> GenerationRecord:
        options = MomentsRequest.model_validate(run.config).generation
        found, record = await find(
            self._context(run), options, FindInputs(TRANSCRIPT, Signals(), SiteSignals(), DURATION, None)
        )
        assert [moment.title for moment in found.moments] == ["A part"]
        return record

    async def refine(self, run: Run) -> GenerationRecord | None:
        request = (RefinementRequest if run.pipeline == "refinement" else MomentsRequest).model_validate(run.config)
        moment = Moment(title="A part", start_time=20.0, end_time=44.0, score=70.0, reason="r")
        context = EdgeContext(Timeline.of(TRANSCRIPT, DURATION), Signals(), None)
        limits = RefinementLimits(Bounds(0.0, DURATION, 5.0, 90.0))
        _, record = await refine_edges(self._context(run), request.refinement, moment, context, limits, None)
        return record

    def _context(self, run: Run) -> Context:
        environment = replace(self._container.environment, status_publisher=self._container.live)
        return replace(stage_context(self._scratch, subject=run.subject), environment=environment)


@pytest.fixture
def stages(container: Container, tmp_path: Path) -> Stages:
    return Stages(container, tmp_path)


async def test_sampling_goes_to_the_finder_and_to_the_refiner_over_the_operators_and_is_written_down(
    api: httpx.AsyncClient, library: Library, minimax: ModelServer, stages: Stages
) -> None:
    video = await library.video()
    models = {"generation_model": "minimax", "refinement_model": "minimax"}
    start = f"/api/pipeline/{video.identifier}/start"
    run = await stages.run_of(await api.post(start, json={**models, **SAMPLING, "prompt": "the funny parts"}))
    record = [await stages.generate(run), await stages.refine(run)]
    for request in minimax.received:
        assert {name: request.json[name] for name in SAMPLING} == SAMPLING
    assert [each and each.sampling for each in record] == [{"model": "minimax", **SAMPLING}] * 2
    assert "the funny parts" in minimax.received[0].said


async def test_what_a_caller_leaves_open_is_the_operators(
    api: httpx.AsyncClient, library: Library, minimax: ModelServer, stages: Stages
) -> None:
    video = await library.video()
    wanted = {"generation_model": "minimax", "temperature": 0.0}
    await stages.generate(await stages.run_of(await api.post(f"/api/pipeline/{video.identifier}/start", json=wanted)))
    (request,) = minimax.received
    assert {name: request.json.get(name) for name in SAMPLING} == {**ENTRY, "temperature": 0.0, "top_k": None}


async def test_the_prompt_of_a_refinement_is_what_the_refiner_is_asked_for(
    api: httpx.AsyncClient, library: Library, minimax: ModelServer, stages: Stages
) -> None:
    video = await library.video()
    moment = await library.moment(video, 20.0, 44.0)
    refine = f"/api/videos/{video.identifier}/moments/{moment.identifier}/refine"
    wanted = {"refinement_model": "minimax", "prompt": "begin with the question"}
    record = await stages.refine(await stages.run_of(await api.post(refine, json=wanted)))
    (request,) = minimax.received
    assert "The user asks for: begin with the question" in request.said
    assert record is not None
    assert "begin with the question" in record.user_prompt
