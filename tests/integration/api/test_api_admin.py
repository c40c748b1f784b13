"""What those who run a deployment see and change: models, and what was given up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from moments_ray.database.tables import Run
from moments_ray.engine.runs.queue import Queue
from moments_ray.http.container import Container
from moments_ray.http.schemas.models import PatchModel
from moments_ray.models.entry import ModelFields
from moments_ray.settings import ModelSettings
from moments_ray.states import RunStatus
from moments_ray.testing.model_server import ReceivedRequest, Reply, completion, json_reply, model_server
from serve_app.factory import create_app
from tests.integration.api.conftest import Library, problem

MODELS = "/api/admin/models"
WORKERS = "/api/admin/workers"
DEAD_STREAM = "/api/admin/dead"


@pytest.fixture(autouse=True)
async def _nothing_was_changed(container: Container) -> AsyncIterator[None]:
    yield
    async with container.environment.database.begin() as session:
        await session.execute(text("TRUNCATE model_entries"))
    await container.redis.flushall()


async def test_every_model_is_listed_with_what_can_be_done_with_it(api: httpx.AsyncClient) -> None:
    listed = {model["key"]: model for model in (await api.get(MODELS)).json()["items"]}
    assert {"local", "captions", "minimax", "qwen3_omni", "qwen3_vl_fp8", "parakeet"} <= listed.keys()
    assert (listed["local"]["embedded"], listed["local"]["configured"]) == (True, True)
    assert (listed["minimax"]["seeded"], listed["minimax"]["configured"]) == (True, False)
    assert (await api.get(f"{MODELS}/minimax")).json() == listed["minimax"]
    problem(await api.get(f"{MODELS}/nobody"), 404, "object.not_found")


async def test_a_model_is_added_changed_and_removed(api: httpx.AsyncClient) -> None:
    mine = f"{MODELS}/mine"
    fields = {"kind": "llm", "base_url": "http://10.0.0.7:8000/v1", "model": "m-7b", "temperature": 0.2}
    added = await api.put(mine, json=fields)
    assert (added.status_code, added.json()["configured"], added.json()["seeded"]) == (201, True, False)
    changed = await api.patch(mine, json={"temperature": None, "supports_video": True})
    assert changed.json() == {**added.json(), "temperature": None, "supports_video": True}
    again = await api.put(mine, json={"key": "mine", "kind": "asr", "ssh_host": "gpu", "remote_port": 8006})
    assert (again.status_code, again.json()["base_url"], again.json()["supports_video"]) == (200, "", False)
    assert (await api.get(mine)).json() == again.json()
    assert (await api.delete(mine)).status_code == 204
    for answer in (await api.get(mine), await api.patch(mine, json={}), await api.delete(mine)):
        problem(answer, 404, "object.not_found")


async def test_a_seeded_model_that_is_deleted_is_as_it_was_at_first(api: httpx.AsyncClient) -> None:
    before = (await api.get(f"{MODELS}/qwen3_vl_fp8")).json()
    broken = await api.put(f"{MODELS}/qwen3_vl_fp8", json={"kind": "llm", "base_url": "http://10.0.0.9:1"})
    assert not broken.json()["supports_video"]
    answer = await api.delete(f"{MODELS}/qwen3_vl_fp8")
    assert (answer.status_code, answer.json()) == (200, before)
    assert (await api.get(f"{MODELS}/qwen3_vl_fp8")).json() == before


async def test_what_is_part_of_the_product_stays_as_it_is(api: httpx.AsyncClient) -> None:
    for answer in (
        await api.put(f"{MODELS}/local", json={"kind": "llm"}),
        await api.patch(f"{MODELS}/captions", json={"model": "x"}),
        await api.delete(f"{MODELS}/pocketsphinx"),
    ):
        problem(answer, 409, "object.conflict")


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "oracle"},
        {"base_url": "file:///etc/passwd"},
        {"base_url": "http://169.254.169.254"},
        {"base_url": "http://me:canary@host"},
        {"base_url": "http://host:99999"},
        {"ssh_host": "-oProxyCommand=touch"},
        {"temperature": 9},
        {"concurrency": 0},
        {"api_key": "canary"},
        {"embedded": True},
        {"key": "another"},
    ],
    ids=str,
)
async def test_what_cannot_be_a_model_is_refused_and_changes_nothing(
    api: httpx.AsyncClient, fields: dict[str, Any]
) -> None:
    before = (await api.get(MODELS)).json()
    for answer in (
        await api.put(f"{MODELS}/mine", json={"kind": "llm", **fields}),
        await api.patch(f"{MODELS}/minimax", json=fields),
    ):
        problem(answer, 422, "input.invalid")
        assert "canary" not in answer.text
    assert (await api.get(MODELS)).json() == before


async def test_a_key_that_could_be_another_key_of_redis_is_refused(api: httpx.AsyncClient) -> None:
    for key in ("_keys", "A", "a%3Ab", "x" * 65):
        problem(await api.put(f"{MODELS}/{key}", json={"kind": "llm"}), 422, "input.invalid")


def test_all_that_can_be_said_of_a_model_can_be_changed() -> None:
    assert PatchModel.model_fields.keys() == ModelFields.model_fields.keys()


async def test_a_token_of_a_model_is_shown_nowhere(container: Container) -> None:
    models = ModelSettings(api_keys={"minimax": SecretStr("canary")})
    settings = container.environment.settings.model_copy(update={"models": models})
    app = create_app(replace(container, environment=replace(container.environment, settings=settings)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        listed = await client.get(MODELS)
    assert {model["key"] for model in listed.json()["items"] if model["has_api_key"]} == {"minimax"}
    assert "canary" not in listed.text


def watching(request: ReceivedRequest) -> Reply:
    """A model that keeps to schemas, refuses videos, and says how much it can take."""
    if request.path == "/v1/models":
        return json_reply({"data": [{"id": "m-7b", "max_model_len": 16384}]})
    if request.video_url is not None:
        return json_reply({"error": {"message": "no video here"}}, status=400)
    return completion('{"mark": "moments-probe"}' if "response_format" in request.json else "ready")


async def test_a_probe_asks_a_real_server_and_writes_what_it_found(api: httpx.AsyncClient) -> None:
    with model_server(watching) as server:
        await api.put(f"{MODELS}/mine", json={"kind": "llm", "base_url": server.url, "model": "m-7b"})
        answer = await api.post(f"{MODELS}/mine/probe")
        found = answer.json()
        assert answer.status_code == 200
        assert (found["reachable"], found["json_schema"], found["video"], found["max_context"]) == (
            True,
            True,
            False,
            16384,
        )
        assert len(server.received) == 4
    entry = (await api.get(f"{MODELS}/mine")).json()
    assert (entry["supports_json_schema"], entry["max_context"]) == (True, 16384)
    gone = (await api.post(f"{MODELS}/mine/probe")).json()
    assert (gone["reachable"], gone["code"]) == (False, "model.unavailable")
    problem(await api.post(f"{MODELS}/minimax/probe"), 422, "model.not_configured")
    problem(await api.post(f"{MODELS}/nobody/probe"), 404, "object.not_found")


async def test_the_workers_are_listed_with_what_each_does(api: httpx.AsyncClient, library: Library) -> None:
    assert (await api.get(WORKERS)).json()["items"] == []
    queue = Queue(library.container.redis)
    await queue.ensure_groups()
    await queue.own("worker-0123abcd-1")  # as one that has begun to listen
    run = await library.run(await library.video())
    await library.claim(run)
    holder, listener = sorted((await api.get(WORKERS)).json()["items"], key=lambda worker: not worker["runs"])
    assert (holder["status"], holder["runs"]) == ("busy", [run.identifier])
    assert (listener["id"], listener["node"], listener["status"]) == ("worker-0123abcd-1", "0123abcd", "idle")
    async with library.database.begin() as session:
        await session.execute(text("UPDATE runs SET heartbeat_at = now() - interval '1 hour'"))
    (silent,) = [worker for worker in (await api.get(WORKERS)).json()["items"] if worker["runs"]]
    assert (silent["status"], silent["last_heartbeat"] < listener["last_heartbeat"]) == ("silent", True)


async def dead_letter_ids(library: Library, reason: str = "run.poison") -> Run:
    """A run that failed and was given up."""
    run = await library.run(await library.video())
    await library.finish(run, RunStatus.FAILED, error={"code": reason, "message": "It killed three workers."})
    await Queue(library.container.redis).dead_letter(run.identifier, reason, None)
    return run


async def test_what_was_given_up_is_listed_by_pages_with_its_reason_and_run(
    api: httpx.AsyncClient, library: Library
) -> None:
    runs = [await dead_letter_ids(library) for _ in range(3)]
    await Queue(library.container.redis).dead_letter("", "malformed", None)
    await library.container.redis.xadd("pipeline:dead", {b"\xff": b"\xff", "at": "soon"})  # somebody else's
    first = (await api.get(DEAD_STREAM, params={"limit": 3})).json()
    second = (await api.get(DEAD_STREAM, params={"limit": 3, "cursor": first["next_cursor"]})).json()
    assert second["next_cursor"] is None
    items = [*first["items"], *second["items"]]
    assert [item["run_id"] for item in items] == [None, None, *(run.identifier for run in reversed(runs))]
    assert [item["reason"] for item in items] == ["", "malformed", "run.poison", "run.poison", "run.poison"]
    assert items[2]["run"]["status"] == "failed"
    assert items[2]["run"]["error"]["message"] == "It killed three workers."
    for cursor in ("-", "1", "1-1; DROP", "9" * 40):
        problem(await api.get(DEAD_STREAM, params={"cursor": cursor}), 422, "input.invalid")


async def test_a_run_that_was_given_up_is_continued_and_no_longer_given_up(
    api: httpx.AsyncClient, library: Library
) -> None:
    one, two, three = [await dead_letter_ids(library) for _ in range(3)]
    await Queue(library.container.redis).dead_letter(one.identifier, "run.poison", None)  # once more
    entry = (await api.get(DEAD_STREAM)).json()["items"][-1]
    answer = await api.post(f"{DEAD_STREAM}/{entry['id']}/retry")
    assert answer.status_code == 202
    assert (answer.json()["identifier"], answer.json()["status"]) == (one.identifier, "queued")
    assert answer.headers["location"] == f"/api/runs/{one.identifier}"
    assert (await api.post(f"{DEAD_STREAM}/{two.identifier}/retry")).json()["status"] == "queued"
    left = (await api.get(DEAD_STREAM)).json()["items"]
    assert [item["run_id"] for item in left] == [three.identifier]
    for name in (entry["id"], one.identifier, "1-1", "9" * 30 + "-1", "nobody"):
        problem(await api.post(f"{DEAD_STREAM}/{name}/retry"), 404, "object.not_found")
    assert (await api.post(f"/api/runs/{three.identifier}/retry")).status_code == 202
    assert (await api.get(DEAD_STREAM)).json()["items"] == []


async def test_what_cannot_be_continued_says_why(api: httpx.AsyncClient, library: Library) -> None:
    queue = Queue(library.container.redis)
    await queue.dead_letter("", "malformed", None)
    done = await library.run(await library.video())
    await library.finish(done)
    await queue.dead_letter(done.identifier, "run.poison", None)
    await queue.dead_letter("a-deleted-one", "stage.failed", None)
    deleted, finished, malformed = [item["id"] for item in (await api.get(DEAD_STREAM)).json()["items"]]
    assert "no run" in problem(await api.post(f"{DEAD_STREAM}/{malformed}/retry"), 409, "object.conflict")["detail"]
    problem(await api.post(f"{DEAD_STREAM}/{finished}/retry"), 409, "object.conflict")
    problem(await api.post(f"{DEAD_STREAM}/{deleted}/retry"), 404, "object.not_found")
    assert (await api.delete(DEAD_STREAM)).json() == {"cleared": 3}
    assert (await api.delete(DEAD_STREAM)).json() == {"cleared": 0}
    assert (await api.get(f"/api/runs/{done.identifier}")).json()["status"] == "completed"
