"""One stream of what happens in all runs, over a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import text

from moments_ray.client.event_stream import EventDecoder, StreamedEvent
from moments_ray.engine.environment import RunRef
from moments_ray.http.container import Container
from moments_ray.ids import RunId
from tests.integration.api.conftest import Library, problem


@pytest.fixture
async def served(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application behind a real HTTP server."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off", ws="none"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        yield client
    server.should_exit = True
    await serving


@asynccontextmanager
async def streaming(
    client: httpx.AsyncClient, last: str | None = None, **wanted: str
) -> AsyncIterator[AsyncIterator[StreamedEvent]]:
    """Follow the stream; what is yielded gives its events."""
    headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last} if last else {})}
    async with client.stream("GET", "/api/events", headers=headers, params=wanted) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")

        async def events() -> AsyncIterator[StreamedEvent]:
            decoder = EventDecoder()
            async for piece in answer.aiter_bytes():
                for event in decoder.feed(piece):
                    yield event

        async with aclosing(events()) as following:  # type: ignore[type-var]
            yield following


async def next_of(events: AsyncIterator[StreamedEvent]) -> tuple[str, str, dict[str, Any]]:
    async with asyncio.timeout(10):
        event = await anext(events)
    return event.type, event.identifier, json.loads(event.data)


async def test_one_stream_tells_of_all_runs_and_of_progress_and_goes_on_where_it_broke(
    served: httpx.AsyncClient, library: Library
) -> None:
    first, second = [await library.run(await library.video()) for _ in range(2)]
    async with streaming(served) as events:
        kind, start, _ = await next_of(events)
        assert kind == "position"
        claim = await library.claim(first)
        await library.container.live.whole(first, ("VIDEO_DOWNLOAD",), {})  # as the worker does: it publishes
        kind, at, told = await next_of(events)
        assert (kind, told["run"], told["video"], told["seq"]) == ("run.started", first.identifier, first.subject, 2)
        ref = RunRef(RunId(first.identifier), first.subject, first.subject, 1, "", ("VIDEO_DOWNLOAD",))
        await library.container.live.progress(ref, "VIDEO_DOWNLOAD", 0.25)
        kind, still, told = await next_of(events)
        assert (kind, still, told["run"]) == ("progress", at, first.identifier)  # progress has no id of its own
        assert (told["stage"], told["progress"], told["pipeline"]) == ("VIDEO_DOWNLOAD", 0.25, "moments")
    await library.write(claim, "stage.noted")
    await library.finish(second)
    async with streaming(served, last=at) as events:
        await next_of(events)
        seen = [await next_of(events) for _ in range(5)]
        assert [told["seq"] for _, _, told in seen] == [3, 2, 3, 4, 5]
    async with streaming(served, last=start, video=second.subject) as events:
        await next_of(events)
        assert {(await next_of(events))[2]["run"] for _ in range(4)} == {second.identifier}


async def test_events_come_by_cursor_and_filter(api: httpx.AsyncClient, library: Library) -> None:
    run = await library.run(await library.video())
    newest = (await api.get("/api/events", params={"limit": 1})).json()
    assert [event["run"] for event in newest["items"]] == [run.identifier]
    await library.finish(run)
    later = (await api.get("/api/events", params={"after": newest["next_cursor"]})).json()
    assert [event["type"] for event in later["items"]][-1] == "run.completed"
    assert (await api.get("/api/events", params={"after": later["next_cursor"]})).json()["items"] == []
    assert (await api.get("/api/events", params={"after": 0, "pipeline": "transcript"})).json()["items"] == []
    problem(await api.get("/api/events", params={"run": "../x"}), 422, "input.invalid")


async def test_what_commits_late_is_not_passed_over(
    api: httpx.AsyncClient, library: Library, container: Container
) -> None:
    """A transaction takes the lower number and commits after the one with the higher number."""
    early, late = [await library.run(await library.video()) for _ in range(2)]
    start = (await api.get("/api/events")).json()["next_cursor"]
    write = text(
        "WITH run AS (UPDATE runs SET event_seq = event_seq + 1 WHERE id = :run RETURNING id, event_seq) "
        "INSERT INTO run_events (run_id, seq, type, data) SELECT id, event_seq, 'stage.noted', '{}' FROM run"
    )
    async with container.environment.database.begin() as slow:
        await slow.execute(write, {"run": early.id})
        async with container.environment.database.begin() as quick:
            await quick.execute(write, {"run": late.id})
        meanwhile = (await api.get("/api/events", params={"after": start})).json()
        assert meanwhile["items"] == []  # the number before it may still come
    ended = (await api.get("/api/events", params={"after": meanwhile["next_cursor"]})).json()
    assert [event["run"] for event in ended["items"]] == [early.identifier, late.identifier]
    async with container.environment.database.begin() as session:
        await session.execute(text("SELECT nextval(pg_get_serial_sequence('run_events', 'position'))"))  # never used
    await library.finish(late)
    for _ in range(3):  # a number that nobody will use holds nothing up
        rest = (await api.get("/api/events", params={"after": ended["next_cursor"]})).json()["items"]
    assert [event["type"] for event in rest][-1] == "run.completed"
