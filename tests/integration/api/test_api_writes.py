"""What the API starts and changes."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from moments_ray.database.tables import RunEvent
from moments_ray.engine.queries.runs import Runs
from moments_ray.states import RunStatus
from tests.integration.api.conftest import Library, problem

URL = "http://127.0.0.1:1/talk.mp4"


async def test_a_url_becomes_a_video_once(api: httpx.AsyncClient) -> None:
    first = await api.post("/api/videos", json={"url": URL, "title": "../../etc/passwd\n'; -i"})
    assert first.status_code == 202
    run = first.json()["run"]
    assert first.headers["location"] == f"/api/runs/{run['identifier']}"
    assert (run["pipeline"], run["status"], first.json()["video"]["title"]) == (
        "import",
        "queued",
        "../../etc/passwd '; -i",
    )
    again = await api.post("/api/videos", json={"url": f"{URL}#t=10", "process": True})
    assert (again.status_code, again.json()["video"]) == (200, first.json()["video"])
    assert len((await api.get("/api/videos")).json()["items"]) == 1


async def test_where_a_link_was_found_and_a_fresh_signature_make_no_other_video(api: httpx.AsyncClient) -> None:
    signed = [f"{URL}?v=1&X-Amz-Signature={mark}&X-Amz-Expires=60&utm_source={mark}" for mark in ("a", "b")]
    first, second = [(await api.post("/api/videos", json={"url": url})).json()["video"] for url in signed]
    assert first["identifier"] == second["identifier"]
    other = (await api.post("/api/videos", json={"url": f"{URL}?v=2"})).json()["video"]
    assert other["identifier"] != first["identifier"]


async def test_a_video_that_did_not_come_says_why_and_is_fetched_again_when_it_is_asked_for_again(
    api: httpx.AsyncClient, library: Library
) -> None:
    told = (await api.post("/api/videos", json={"url": f"{URL}?sig=a&se=1"})).json()
    video, run = told["video"]["identifier"], told["run"]["identifier"]
    assert (told["video"]["status"], told["video"]["error"]) == ("pending", None)
    async with library.database.read() as session:
        failed = await Runs(session).get(run)
    error = {"code": "download.private", "message": "The link has expired.", "retryable": False}
    await library.finish(failed, RunStatus.FAILED, error=error)
    for shown in ((await api.get(f"/api/videos/{video}")).json(), (await api.get("/api/videos")).json()["items"][0]):
        assert (shown["status"], shown["error"]) == ("failed", error)
    again = await api.post("/api/videos", json={"url": f"{URL}?sig=b&se=2"})
    assert (again.status_code, again.json()["video"]["identifier"]) == (202, video)
    async with library.database.read() as session:
        fetching = await Runs(session).get(again.json()["run"]["identifier"])
    assert fetching.config["source"]["url"].endswith("?sig=b&se=2")
    assert (await api.get(f"/api/videos/{video}")).json()["status"] == "pending"


@pytest.mark.parametrize("path", ["/api/videos", "/api/pipeline/start", "/api/generate_moments"])
async def test_a_field_of_a_body_that_nobody_knows_is_told_with_the_one_that_was_meant(
    api: httpx.AsyncClient, path: str
) -> None:
    told = problem(await api.post(path, json={"uri": URL}), 422, "input.invalid")
    assert {"where": "body.uri", "message": "there is no such field; did you mean url?"} in told["errors"]
    assert "url" in told["detail"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"url": "file:///etc/passwd"}, "url.not_allowed"),
        ({"url": "http://user:secret@127.0.0.1/a.mp4"}, "url.not_allowed"),
        ({"url": "http://no-such-host.invalid/a.mp4"}, "download.unavailable"),
        ({"url": URL, "process": True, "count": 0}, "input.invalid"),
        ({"url": URL, "process": True, "min_seconds": 50, "max_seconds": 10}, "input.invalid"),
        ({"url": URL, "process": True, "generation_model": "gpt-9"}, "model.unknown"),
        ({"url": URL, "process": True, "generation_model": "minimax"}, "model.not_configured"),
        ({"url": URL, "process": True, "transcriber": "ear"}, "model.unknown"),
        ({"url": URL, "title": "a\x00b"}, "input.invalid"),
        ({"url": URL, "metadata": {"a": ["\x00"]}}, "input.invalid"),
        ({"url": URL, "speed": 11}, "input.invalid"),
    ],
)
async def test_what_makes_no_sense_is_refused_and_leaves_nothing(
    api: httpx.AsyncClient, body: dict[str, Any], code: str
) -> None:
    refused = await api.post("/api/videos", json=body)
    assert (refused.headers["content-type"], refused.json()["code"]) == ("application/problem+json", code)
    options = {name: value for name, value in body.items() if name not in {"title", "process"}}
    if "title" not in body:
        assert (await api.post("/api/generate_moments", json=options)).json()["code"] == code
    for left in ("/api/runs", "/api/videos"):
        assert (await api.get(left)).json()["items"] == []


async def test_one_of_many_starts_at_once_wins_and_the_others_learn_which(
    api: httpx.AsyncClient, library: Library
) -> None:
    video = await library.video()
    answers = await asyncio.gather(*(api.post(f"/api/pipeline/{video.identifier}/start") for _ in range(12)))
    (won,) = [answer for answer in answers if answer.status_code == 202]
    for answer in answers:
        if answer is not won:
            assert problem(answer, 409, "run.active")["run"] == won.json()["run"]["identifier"]


async def test_one_idempotency_key_starts_one_run(api: httpx.AsyncClient, library: Library) -> None:
    video = await library.video()
    start = f"/api/pipeline/{video.identifier}/start"
    keyed = {"headers": {"Idempotency-Key": "once"}}
    answers = await asyncio.gather(*(api.post(start, json={"count": 3}, **keyed) for _ in range(5)))  # type: ignore[arg-type]
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["run"]["identifier"] for answer in answers}) == 1
    problem(await api.post(start, json={"count": 4}, **keyed), 422, "input.invalid")  # type: ignore[arg-type]
    added = {"json": {"url": URL}, "headers": {"Idempotency-Key": "added"}}
    first, second = await api.post("/api/videos", **added), await api.post("/api/videos", **added)  # type: ignore[arg-type]
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["run"]["identifier"] == second.json()["run"]["identifier"]


async def answer_of(api: httpx.AsyncClient, start: str, **options: Any) -> tuple[int, bool, str, str]:
    answer = await api.post(start, json=options)
    told = answer.json()
    return answer.status_code, told["reused"], told["run"]["identifier"], told["run"]["status"]


async def test_what_stands_is_not_done_again_unless_forced(api: httpx.AsyncClient, library: Library) -> None:
    video = await library.video()
    start = f"/api/pipeline/{video.identifier}/start"
    first = (await api.post(start, json={"count": 3})).json()["run"]
    async with library.database.read() as session:
        run = await Runs(session).get(first["identifier"])
    await library.finish(run)
    assert await answer_of(api, start, count=3) == (200, True, first["identifier"], "completed")
    other = (await api.post(start, json={"count": 4})).json()["run"]
    assert other["identifier"] != first["identifier"]
    assert await answer_of(api, start, count=3) == (200, True, first["identifier"], "completed")  # beside an active one
    await api.post(f"/api/runs/{other['identifier']}/cancel")
    assert await answer_of(api, start, count=4) == (
        202,
        False,
        other["identifier"],
        "queued",
    )  # it goes on where it was
    await api.post(f"/api/runs/{other['identifier']}/cancel")
    forced = (await api.post(start, json={"count": 3, "force": True})).json()["run"]
    assert forced["identifier"] not in {first["identifier"], other["identifier"]}


@pytest.mark.parametrize(
    ("path", "body", "pipeline"),
    [
        ("transcript", None, "transcript"),
        ("generate-moments", {"count": 2, "prompt": "the best"}, "generation"),
        ("moments/{moment}/refine", {"refinement_model": "local"}, "refinement"),
        ("extract-clips", {"preset": "web", "padding": 2}, "clips"),
    ],
)
async def test_every_verb_starts_its_part_of_the_pipeline(
    api: httpx.AsyncClient, library: Library, path: str, body: dict[str, Any] | None, pipeline: str
) -> None:
    video = await library.video()
    moment = await library.moment(video, 10, 30)
    address = f"/api/videos/{video.identifier}/{path.format(moment=moment.identifier)}"
    answer = await api.post(address, json=body) if body else await api.post(address)
    assert answer.status_code == 202, answer.text
    assert answer.json()["run"]["pipeline"] == pipeline
    assert answer.json()["video"]["identifier"] == video.identifier
    problem(await api.post(address.replace(video.identifier, "nobody")), 404, "object.not_found")


async def test_clips_of_nothing_are_refused(api: httpx.AsyncClient, library: Library) -> None:
    video = await library.video()
    address = f"/api/videos/{video.identifier}/extract-clips"
    problem(await api.post(address), 422, "input.nothing_to_do")
    problem(await api.post(address, json={"moment_ids": ["nobody"]}), 404, "object.not_found")


async def test_captions_are_drawn_from_the_newest_transcript_and_not_from_none(
    api: httpx.AsyncClient, library: Library
) -> None:
    video = await library.video()
    await library.moment(video, 10, 30)
    address = f"/api/videos/{video.identifier}/extract-clips"
    problem(await api.post(address, json={"burn_captions": True}), 422, "input.invalid")
    await library.transcript(video)
    run = (await api.post(address, json={"burn_captions": True})).json()["run"]
    async with library.database.read() as session:
        stored = await Runs(session).get(run["identifier"])
    assert stored.config["clips"]["captions_by"] == "captions"


async def test_cancelling_twice_is_cancelling_once(api: httpx.AsyncClient, library: Library) -> None:
    video = await library.video()
    run = await library.run(video)
    assert (await api.post(f"/api/runs/{run.identifier}/cancel")).json()["status"] == "cancelled"
    assert (await api.post(f"/api/runs/{run.identifier}/cancel")).status_code == 202
    problem(await api.post(f"/api/pipeline/{video.identifier}/cancel"), 409, "object.conflict")
    problem(await api.post("/api/runs/nobody/cancel"), 404, "object.not_found")
    assert (await api.post(f"/api/runs/{run.identifier}/retry")).json()["status"] == "queued"
    problem(await api.post(f"/api/runs/{run.identifier}/retry"), 409, "object.conflict")
    assert (await api.post(f"/api/pipeline/{video.identifier}/cancel")).json()["status"] == "cancelled"
    retried = await library.run(await library.video())
    await library.finish(retried)
    problem(await api.post(f"/api/runs/{retried.identifier}/cancel"), 409, "object.conflict")
    problem(await api.post(f"/api/runs/{retried.identifier}/retry"), 409, "object.conflict")


async def test_a_working_run_is_asked_once_to_end(api: httpx.AsyncClient, library: Library) -> None:
    run = await library.run(await library.video())
    await library.claim(run)
    for _ in range(2):
        assert (await api.post(f"/api/runs/{run.identifier}/cancel")).json()["status"] == "processing"
    async with library.database.read() as session:
        events = await session.scalars(select(RunEvent.type).where(RunEvent.run_id == run.id))
    assert list(events).count("run.cancel_requested") == 1


async def test_a_run_is_not_retried_beside_an_active_one(api: httpx.AsyncClient, library: Library) -> None:
    video = await library.video()
    failed = await library.run(video)
    await library.finish(failed, RunStatus.FAILED)
    active = await library.run(video)
    answer = await api.post(f"/api/runs/{failed.identifier}/retry")
    assert problem(answer, 409, "run.active")["run"] == active.identifier


async def test_a_moment_is_added_edited_and_brought_back(api: httpx.AsyncClient, library: Library) -> None:
    video = await library.video()
    address = f"/api/videos/{video.identifier}/moments"
    added = await api.post(address, json={"title": "By hand", "start_time": 5, "end_time": 9.5})
    assert added.status_code == 201
    assert (await api.get(added.headers["location"])).json() == added.json()
    assert added.json()["provenance"][0]["reason"] == "added by hand"
    found = await library.moment(video, 10, 30, title="Found")
    one = f"{address}/{found.identifier}"
    await api.patch(one, json={"title": "Better"})
    edited = (await api.patch(one, json={"title": "Best", "end_time": 31.5})).json()
    assert (edited["title"], edited["start_time"], edited["end_time"]) == ("Best", 10.0, 31.5)
    assert [step["step"] for step in edited["provenance"]] == ["snap", "edit", "edit"]
    reverted = (await api.post(f"{one}/revert")).json()
    assert (reverted["title"], reverted["end_time"], len(reverted["provenance"])) == ("Found", 30.0, 1)
    for wrong in ({"start_time": 30}, {"end_time": 121}, {"title": " \n "}, {"start_time": "soon"}):
        problem(await api.patch(one, json=wrong), 422, "input.invalid")
    assert (await api.get(one)).json() == reverted
