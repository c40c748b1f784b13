"""Remote models in the cluster: quotas, cancels and errors through Serve, and whole runs behind an SSH server."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import ray
from ray import serve
from sqlalchemy import text

from moments_ray import runtime
from moments_ray.database.tables import Run
from moments_ray.engine.runs.actor import start_worker
from moments_ray.errors import ModelContextExceeded, ModelUnavailable
from moments_ray.library.queries.videos import get_or_create_video
from moments_ray.library.values import Source
from moments_ray.models.conversation import Question, Turn
from moments_ray.models.entry import ModelEntry, ModelKind
from moments_ray.models.gateway import Gateway
from moments_ray.moments.finding.options import find_options
from moments_ray.moments.pipelines import MOMENTS
from moments_ray.moments.roles import MOMENT_GENERATOR, REFINER
from moments_ray.moments.values import GenerationOptions, MomentsRequest, RefinementOptions
from moments_ray.settings import ModelSettings, Settings
from moments_ray.testing.model_server import ModelServer, ReceivedRequest, Reply, completion, json_reply, model_server
from moments_ray.testing.ssh_server import SshServer, ssh_server
from serve_app.deployments.model_clients import deploy, withdraw
from tests.ray.conftest import Engine
from tests.ray.talk import Talk

QUESTION = Question(turns=(Turn.of("user", "?"),))


@pytest.fixture(scope="module")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with ssh_server(tmp_path_factory.mktemp("ssh")) as server:
        yield server


@pytest.fixture(scope="module")
def settings(ray_cluster: Settings, ssh: SshServer) -> Iterator[Settings]:
    """The three applications on the session's Ray."""
    models = ModelSettings(first_delay_seconds=0.3, ssh_key_path=ssh.key, known_hosts_path=ssh.known_hosts)
    settings = ray_cluster.model_copy(update={"models": models})
    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    serve.start(proxy_location="Disabled")
    deploy(settings)
    yield settings
    withdraw()
    serve.shutdown()  # type: ignore[no-untyped-call]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server(lambda _: completion("yes")) as server:
        yield server


@pytest.fixture
async def gateway(settings: Settings) -> AsyncIterator[Gateway]:
    environment = runtime.connect(settings)
    yield environment.service(Gateway)
    await environment.close()


def entry(server: ModelServer, key: str = "m") -> ModelEntry:
    return ModelEntry(key=key, kind=ModelKind.LLM, base_url=server.url, concurrency=8)


async def test_a_role_has_its_quota_under_way_and_no_more_whoever_asks_for_which_model(
    gateway: Gateway, server: ModelServer
) -> None:
    async def slow(_: ReceivedRequest) -> Reply:
        await asyncio.sleep(0.1)
        return completion("yes")

    server.answer = slow
    for role, allowed in ((REFINER, 1), (MOMENT_GENERATOR, 2)):
        server.most_at_once = 0
        answers = await asyncio.gather(
            *(gateway.complete(role, entry(server, f"m{n % 2}"), QUESTION, 30) for n in range(8))
        )
        assert [answer.text for answer in answers] == ["yes"] * 8
        assert server.most_at_once == allowed


async def test_a_cancelled_call_frees_its_place(gateway: Gateway, server: ModelServer) -> None:
    async def never(_: ReceivedRequest) -> Reply:
        await asyncio.sleep(600)
        return completion("late")

    server.answer = never
    call = asyncio.ensure_future(gateway.complete(REFINER, entry(server), QUESTION, 30))
    while not server.received:
        await asyncio.sleep(0.05)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    server.answer = lambda _: completion("next")
    assert (await gateway.complete(REFINER, entry(server), QUESTION, 30)).text == "next"


async def test_errors_come_through_serve_as_they_are(gateway: Gateway, server: ModelServer) -> None:
    server.answer = lambda _: completion("{", finish="length")
    with pytest.raises(ModelContextExceeded, match="before it was complete"):
        await gateway.complete(REFINER, entry(server), QUESTION, 30)
    server.answer = lambda _: Reply(503)
    with pytest.raises(ModelUnavailable, match="503"):
        await gateway.complete(REFINER, entry(server), QUESTION, 30)


async def test_a_role_that_is_withdrawn_is_played_by_the_process_that_asks(
    gateway: Gateway, server: ModelServer, settings: Settings
) -> None:
    before = await gateway.complete(MOMENT_GENERATOR, entry(server), QUESTION, 30)
    await asyncio.to_thread(serve.delete, MOMENT_GENERATOR.name)
    try:
        assert await gateway.complete(MOMENT_GENERATOR, entry(server), QUESTION, 30) == before
        assert await gateway.complete(REFINER, entry(server), QUESTION, 30) == before  # which is still there
    finally:
        await asyncio.to_thread(deploy, settings)


async def test_an_entry_that_was_changed_counts_from_the_next_call_on(gateway: Gateway, server: ModelServer) -> None:
    await gateway.complete(REFINER, entry(server), QUESTION, 30)
    with model_server(lambda _: completion("moved")) as elsewhere:
        assert (await gateway.complete(REFINER, entry(elsewhere), QUESTION, 30)).text == "moved"


@pytest.fixture
async def engine(settings: Settings) -> AsyncIterator[Engine]:
    """The engine with a worker of these settings; nothing of the registry's changes is left for other tests."""
    engine = Engine(settings)
    await engine.redis.flushall()
    actor = start_worker(runtime.connect, settings, runtime.open_redis, name="models", detached=False)
    await actor.start.remote()
    yield engine
    await actor.drain.remote()
    ray.kill(actor)
    async with engine.environment.database.begin() as session:
        await session.execute(text("TRUNCATE model_entries"))
    await engine.redis.flushall()
    await engine.environment.close()
    await engine.redis.aclose()


def _do_nothing() -> None:
    """Let the answer go out."""


class Editor:
    """A chat model that picks every topic's sentences, thinks aloud, and moves each start one place on."""

    def __init__(self) -> None:
        self.before_answering: Callable[[], None] = _do_nothing
        self.babbles = False  # once, when it is asked for edges

    def __call__(self, request: ReceivedRequest) -> Reply:
        refining = "Possible starts:" in request.asked
        if not refining:
            self.before_answering()
            count = len(re.findall(r"^\d+ \[", request.asked, re.MULTILINE))
            moments = [
                {"first": first, "last": min(first + 2, count), "title": f"Part {first}", "reason": "r", "score": 70}
                for first in range(1, count, 4)
            ]
            return completion(f"<think>[hm]</think>```json\n{json.dumps({'moments': moments})}\n```")
        if self.babbles:
            self.babbles = False
            return completion("I like it.")
        starts = re.findall(r"^(\d+)\. at .*", request.asked.partition("Possible ends:")[0], re.MULTILINE)
        return completion(json.dumps({"start": len(starts), "end": 1, "reason": "Comes to the point."}))


def hears(talk: Talk) -> Callable[[ReceivedRequest], Reply]:
    """Recognise the talk as a good recogniser would."""
    words: list[dict[str, Any]] = []
    for sentence, start, end in talk.sentences:
        spoken = sentence.split()
        step = (end - start) / len(spoken)
        words += [
            {"word": word, "start": start + step * n, "end": start + step * (n + 0.9)} for n, word in enumerate(spoken)
        ]
    answer = {"transcription": " ".join(word["word"] for word in words), "word_timestamps": words}
    return lambda _: json_reply({**answer, "segment_timestamps": [], "processing_time": 0.1})


async def run_with(
    engine: Engine, ssh: SshServer, talk: Talk, key: str, *, chat: ModelServer, ears: ModelServer
) -> Run:
    registry = engine.environment.service(Gateway).registry
    login = {"ssh_host": "127.0.0.1", "ssh_port": ssh.port, "ssh_user": "moments", "remote_host": "127.0.0.1"}
    await registry.patch("parakeet", {**login, "remote_port": ears.port, "local_port": None})
    prices = {"usd_per_million_input_tokens": 100.0, "usd_per_million_output_tokens": 1000.0}
    model = await registry.patch(key, {**login, **prices, "remote_port": chat.port, "local_port": None})
    video, _ = await get_or_create_video(engine.environment.database.row, f"test:models:{key}")
    request = MomentsRequest(
        source=Source(video=video.identifier, path=str(talk.path)),
        generation=GenerationOptions(model=key, find=find_options(min_seconds=4, max_seconds=25, count=4)),
        refinement=RefinementOptions(model=key, watches_video=model.supports_video),
    )
    run = await engine.submit(MOMENTS, request)
    return await engine.ended(run.identifier, timeout=120)


async def rows(engine: Engine, query: str, **values: Any) -> list[Any]:
    async with engine.environment.database.read() as session:
        return list((await session.execute(text(query), values)).mappings())


async def spent(engine: Engine, run: Run) -> dict[str, tuple[int, int, float]]:
    """What the tries of each stage that spent anything did."""
    tries = [one for one in await engine.tries(run) if one.input_tokens or one.output_tokens or one.usd]
    return {one.stage: (one.input_tokens, one.output_tokens, round(float(one.usd), 9)) for one in tries}


def expected_to_be_spent(chat: ModelServer, *, lost: int = 0) -> dict[str, Any]:
    """What the answers that arrived took: 10 tokens in and 5 out each, at 100 and 1000 dollars a million."""
    edges = sum("Possible starts:" in request.asked for request in chat.received)
    counts = {"MOMENT_GENERATION": len(chat.received) - edges - lost, "MOMENT_REFINEMENT": edges}
    return {stage: (10 * n, 5 * n, round(0.006 * n, 9)) for stage, n in counts.items()}


CHILDREN = """
SELECT child.start_time, child.end_time, parent.start_time AS start_before, config.model, prompts.system_prompt
FROM moments child JOIN moments parent ON parent.id = child.parent_id
JOIN generation_configs config ON config.id = child.generation_config_id JOIN prompts ON prompts.id = config.prompt_id
WHERE child.video_id = :video AND child.is_refined AND NOT parent.is_refined
"""


async def test_a_vision_model_goes_through_eight_stages_although_its_tunnel_is_killed(
    engine: Engine, ssh: SshServer, talk: Talk
) -> None:
    editor = Editor()
    with model_server(editor) as chat, model_server(hears(talk)) as ears:

        def kill_once() -> None:
            editor.before_answering = _do_nothing
            ssh.kill()
            ssh.start()

        editor.before_answering = kill_once
        run = await run_with(engine, ssh, talk, "qwen3_vl_fp8", chat=chat, ears=ears)
        assert (run.status, run.error) == ("completed", None)
        assert {stage.status for stage in (await engine.stages(run)).values()} == {"completed"}
        assert [t.number for t in await engine.tries(run) if t.stage == "MOMENT_GENERATION"] == [1]
        (transcript,) = await rows(engine, "SELECT * FROM transcripts WHERE video_id = :video", video=run.video_id)
        assert transcript["engine"] == "parakeet"
        assert transcript["word_timestamps"][0]["start"] == pytest.approx(talk.sentences[0][1], abs=0.1)
        children = await rows(engine, CHILDREN, video=run.video_id)
        assert len(children) == 3
        assert any(child["start_time"] != child["start_before"] for child in children)
        assert {child["model"] for child in children} == {"qwen3_vl_fp8"}
        assert all("look at the edges" in child["system_prompt"] for child in children)
        watched = [request.video_url for request in chat.received if request.video_url]
        assert len(watched) == 3
        assert all(url is not None and "/clips/" in url and "signature=" in url for url in watched)
        assert chat.most_at_once == 1
        assert await spent(engine, run) == expected_to_be_spent(chat, lost=1)  # its tunnel died before it arrived
        prompts = await rows(engine, "SELECT user_prompt || system_prompt AS words FROM prompts")
        assert not any("signature=" in prompt["words"] for prompt in prompts)


async def test_a_text_model_goes_through_six_stages(engine: Engine, ssh: SshServer, talk: Talk) -> None:
    editor = Editor()
    editor.babbles = True
    with model_server(editor) as chat, model_server(hears(talk)) as ears:
        run = await run_with(engine, ssh, talk, "minimax", chat=chat, ears=ears)
        assert (run.status, run.error) == ("completed", None)
        statuses = {name: stage.status for name, stage in (await engine.stages(run)).items()}
        skipped = {name for name, status in statuses.items() if status == "skipped"}
        assert skipped == {"CLIP_EXTRACTION", "CLIP_UPLOAD"}
        assert set(statuses.values()) == {"completed", "skipped"}
        assert len(await rows(engine, CHILDREN, video=run.video_id)) == 3
        assert not any(request.video_url for request in chat.received)
        clips = await rows(engine, "SELECT preset FROM clips WHERE video_id = :video", video=run.video_id)
        assert len(clips) == 3
        assert len(chat.received) == 5  # the answer that could not be used was asked for again, and paid for
        assert await spent(engine, run) == expected_to_be_spent(chat)
