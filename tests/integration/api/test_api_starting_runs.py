"""Any registered pipeline started over one route, and read back in one shape."""

from __future__ import annotations

from typing import Any

import httpx

from moments_ray.engine.queries.runs import Runs
from moments_ray.states import RunStatus
from tests.integration.api.conftest import Library, problem

TALK = {"source": {"url": "http://127.0.0.1:1/talk.mp4"}}


async def start(
    api: httpx.AsyncClient, request: dict[str, Any], pipeline: str = "import", **more: Any
) -> httpx.Response:
    return await api.post("/api/runs", json={"pipeline": pipeline, "request": request, **more})


async def test_a_pipeline_is_started_by_its_name_and_shows_what_it_was_asked(api: httpx.AsyncClient) -> None:
    answer = await start(api, TALK, priority=7, metadata={"mine": 1}, deadline_seconds=60, tries=2)
    assert answer.status_code == 202, answer.text
    started = answer.json()
    assert answer.headers["location"] == f"/api/runs/{started['identifier']}"
    assert (started["pipeline"], started["status"], started["reused"]) == ("import", "queued", False)
    shown = (await api.get(answer.headers["location"])).json()
    assert shown["request"]["source"]["url"] == TALK["source"]["url"]
    assert shown["request"]["source"]["video"] == shown["subject"]
    assert (shown["priority"], shown["metadata"], shown["result"]) == (7, {"mine": 1}, None)


async def test_the_same_video_has_one_active_run_and_the_refusal_names_it(api: httpx.AsyncClient) -> None:
    first = (await start(api, TALK)).json()
    refused = await start(api, TALK, pipeline="transcript")
    assert problem(refused, 409, "run.active")["run"] == first["identifier"]


async def test_a_run_that_did_exactly_this_is_shown_again(api: httpx.AsyncClient, library: Library) -> None:
    first = (await start(api, TALK)).json()
    async with library.database.read() as session:
        run = await Runs(session).get(first["identifier"])
    await library.finish(run, RunStatus.COMPLETED)
    again = await start(api, TALK)
    assert (again.status_code, again.json()["identifier"], again.json()["reused"]) == (200, first["identifier"], True)


async def test_what_no_pipeline_takes_is_refused_by_name(api: httpx.AsyncClient) -> None:
    problem(await start(api, TALK, pipeline="nobody"), 422, "input.invalid")
    assert (
        "request.source.path"
        in problem(await start(api, {"source": {"path": "/etc/passwd"}}), 422, "input.invalid")["detail"]
    )
    problem(await start(api, {}), 422, "input.invalid")
