"""Following a run: by polling, by cursor, and as a stream of events."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx

from moments_ray.http.container import Container
from moments_ray.http.event_stream import EventStream, events_of_run
from moments_ray.states import RunStatus
from tests.integration.api.conftest import Library, problem

SSE = {"Accept": "text/event-stream"}


def events_of(answer: httpx.Response) -> list[tuple[str, str, dict[str, object]]]:
    """Read id, event and data of a stream."""
    found = []
    for block in answer.text.replace("\r\n", "\n").strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
        if fields:
            found.append((fields["id"], fields["event"], json.loads(fields["data"])))
    return found


async def test_pollers_read_one_flat_shape_from_redis_and_later_from_postgresql(
    api: httpx.AsyncClient, library: Library, container: Container
) -> None:
    video = await library.video()
    problem(await api.get(f"/api/pipeline/{video.identifier}/status"), 404, "object.not_found")
    run = await library.run(video)
    waiting = await api.get(f"/api/pipeline/status/{video.identifier}")
    assert waiting.headers["retry-after"] == "2"
    assert (waiting.json()["status"], waiting.json()["request_id"]) == ("queued", run.identifier)
    assert waiting.json()["TRANSCRIPTION_status"] == "pending"
    await container.redis.flushall()  # the live status expired, or Redis lost it
    again = await api.get(f"/api/pipeline/{video.identifier}/status")
    assert again.json() == waiting.json()
    assert again.headers["etag"] == waiting.headers["etag"]
    same = await api.get(f"/api/pipeline/{video.identifier}/status", headers={"If-None-Match": again.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    await library.finish(run, RunStatus.COMPLETED_WITH_ERRORS, errors=2)
    ended = await api.get(f"/api/pipeline/{video.identifier}/status")
    assert (ended.json()["status"], ended.json()["errors"], ended.json()["VIDEO_DOWNLOAD_progress"]) == (
        "completed",
        2,
        1.0,
    )
    assert "retry-after" not in ended.headers


async def test_history_lists_finished_runs(api: httpx.AsyncClient, library: Library) -> None:
    video = await library.video()
    first = await library.run(video)
    await library.finish(first, RunStatus.FAILED, error_stage="TRANSCRIPTION")
    second = await library.run(video)
    assert [run["request_id"] for run in (await history(api, video.identifier))] == [first.identifier]
    await library.finish(second)
    entries = await history(api, video.identifier)
    assert [(run["request_id"], run["status"]) for run in entries] == [
        (second.identifier, "completed"),
        (first.identifier, "failed"),
    ]
    assert entries[1]["error_stage"] == "TRANSCRIPTION"
    assert entries[0]["duration_seconds"] >= 0


async def history(api: httpx.AsyncClient, video: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await api.get(f"/api/pipeline/{video}/history")).json()["items"]
    return items


async def test_a_run_is_shown_with_its_stages_and_their_tries(api: httpx.AsyncClient, library: Library) -> None:
    video = await library.video()
    run = await library.run(video)
    await library.finish(run)
    shown = (await api.get(f"/api/runs/{run.identifier}")).json()
    assert (shown["status"], shown["attempt"], shown["subject"]) == ("completed", 1, video.identifier)
    assert [stage["status"] for stage in shown["stages"]] == ["completed"] + ["pending"] * 7
    assert [one["node"] for one in shown["stages"][0]["tries"]] == ["here"]
    listed = (await api.get("/api/runs", params={"subject": video.identifier, "status": "completed"})).json()
    assert [each["identifier"] for each in listed["items"]] == [run.identifier]
    assert (await api.get("/api/runs", params={"status": "queued"})).json()["items"] == []
    problem(await api.get("/api/runs/nobody"), 404, "object.not_found")


async def test_events_come_by_cursor_until_the_run_is_finished(api: httpx.AsyncClient, library: Library) -> None:
    run = await library.run(await library.video())
    address = f"/api/runs/{run.identifier}/events"
    first = (await api.get(address)).json()
    assert ([event["type"] for event in first["items"]], first["next_cursor"]) == (["run.queued"], "1")
    await library.finish(run)
    rest = (await api.get(address, params={"after": first["next_cursor"]})).json()
    assert [event["seq"] for event in rest["items"]] == [2, 3, 4, 5]
    assert rest["next_cursor"] is None


async def test_a_stream_tells_everything_once_and_ends_with_the_run(api: httpx.AsyncClient, library: Library) -> None:
    run = await library.run(await library.video())
    reading = asyncio.create_task(api.get(f"/api/runs/{run.identifier}/events", headers=SSE))
    await asyncio.sleep(0.2)
    await library.finish(run)
    await library.container.live.whole(run, (), {})  # as the worker does after its verdict: it notifies
    async with asyncio.timeout(4):  # well before the poll that finds a lost notification
        answer = await reading
    assert answer.headers["content-type"].startswith("text/event-stream")
    told = events_of(answer)
    assert [number for number, _, _ in told] == ["1", "2", "3", "4", "5"]
    assert told[-1][1] == "run.completed"
    assert told[-1][2]["seq"] == 5


async def test_a_stream_that_broke_goes_on_where_it_was(api: httpx.AsyncClient, library: Library) -> None:
    run = await library.run(await library.video())
    await library.finish(run)
    address = f"/api/runs/{run.identifier}/events"
    rest = events_of(await api.get(address, headers={**SSE, "Last-Event-ID": "3"}))
    assert [number for number, _, _ in rest] == ["4", "5"]
    over = await api.get(address, headers={**SSE, "Last-Event-ID": "5"})
    assert over.status_code == 204
    problem(await api.get(address, headers={**SSE, "Last-Event-ID": "x"}), 422, "input.invalid")
    problem(await api.get("/api/runs/nobody/events", headers=SSE), 404, "object.not_found")


async def test_a_stream_goes_on_although_redis_lost_the_notification(api: httpx.AsyncClient, library: Library) -> None:
    run = await library.run(await library.video())
    reading = asyncio.create_task(api.get(f"/api/runs/{run.identifier}/events", headers=SSE))
    await asyncio.sleep(0.1)
    await library.finish(run)  # nobody notifies
    async with asyncio.timeout(60):
        assert events_of(await reading)[-1][1] == "run.completed"


async def test_a_reader_that_takes_nothing_holds_no_connection_and_no_events(
    library: Library, container: Container
) -> None:
    run = await library.run(await library.video())
    claim = await library.claim(run)
    for _ in range(300):
        await library.write(claim, "stage.progress")
    taken = []

    async def send(message: dict[str, object]) -> None:
        taken.append(message)
        await asyncio.sleep(3600)

    stream = EventStream(events_of_run(container, run.identifier, 0))
    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    stuck = asyncio.create_task(stream(scope, asyncio.Event().wait, send))  # type: ignore[arg-type]
    await asyncio.sleep(0.3)
    assert len(taken) == 1
    assert container.environment.database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    stuck.cancel()
    await asyncio.gather(stuck, return_exceptions=True)
