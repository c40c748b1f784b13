"""Jobs over WebSockets: the document's snippet, resuming, refusals, limits, and who is counted."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, WebSocket
from sqlalchemy import text
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from moments_ray.access.key import Scope
from moments_ray.access.key_store import make_key
from moments_ray.http.container import Container
from moments_ray.http.sockets import converse, send
from moments_ray.media.javascript import deno_executable
from moments_ray.states import RunStatus
from serve_app.factory import create_app
from tests.integration.api.callers import with_settings
from tests.integration.api.conftest import Library
from tests.integration.api.line import served
from tests.integration.api.working_jobs import STAGES, claimed, done, end, job


@pytest.fixture
async def address(app: FastAPI) -> AsyncIterator[str]:
    """Where the application takes sockets."""
    async with served(app) as port:
        yield f"127.0.0.1:{port}"


async def read(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(60):
        found: dict[str, Any] = json.loads(await socket.recv())
    return found


async def rest(socket: ClientConnection) -> tuple[list[dict[str, Any]], int | None]:
    """Return what comes until the server closes, and the code it closes with."""
    messages = []
    async with asyncio.timeout(60):
        try:
            while True:
                messages.append(json.loads(await socket.recv()))
        except ConnectionClosed:
            return messages, socket.close_code


async def test_a_socket_tells_of_a_job_to_its_end(api: httpx.AsyncClient, address: str, library: Library) -> None:
    identifier = await job(api)
    async with connect(f"ws://{address}/ws/{identifier}") as socket:
        first = await read(socket)
        assert (first["type"], first["data"]["id"], first["data"]["status"]) == ("initial_status", identifier, "queued")
        assert (first["data"]["progress"], first["seq"]) == (0.0, 1)
        claim = await claimed(library, identifier)
        for stage in STAGES:
            await done(library, claim, stage)
        await end(library, claim)
        messages, code = await rest(socket)
    assert code == 1000
    assert {message["type"] for message in messages} == {"job_update"}
    progress = [message["data"]["progress"] for message in messages]
    assert progress == sorted(progress)
    assert (messages[-1]["data"]["status"], progress[-1]) == ("completed", 100.0)
    assert all(message["at"] and message["seq"] for message in messages)


async def test_whoever_comes_back_misses_nothing_and_hears_nothing_twice(
    api: httpx.AsyncClient, address: str, library: Library
) -> None:
    identifier = await job(api)
    claim = await claimed(library, identifier)
    await done(library, claim, STAGES[0])
    async with connect(f"ws://{address}/ws/{identifier}?after=0") as socket:
        assert (await read(socket))["data"]["status"] == "pending"
        heard = [await read(socket), await read(socket)]
    for stage in STAGES[1:]:
        await done(library, claim, stage)
    await end(library, claim)
    async with connect(f"ws://{address}/ws/{identifier}?after={heard[-1]['seq']}") as socket:
        first = await read(socket)
        assert (first["seq"], first["data"]["progress"]) == (heard[-1]["seq"], heard[-1]["data"]["progress"])
        messages, code = await rest(socket)
    known = [message["seq"] for message in heard + messages]
    events = (await api.get(f"/api/v1/jobs/{identifier}/events")).json()["items"]
    assert known == [event["seq"] for event in events]
    assert [message["data"]["event"] for message in heard + messages] == [event["type"] for event in events]
    assert code == 1000


async def test_many_sockets_on_one_job_each_hear_all_of_it(
    api: httpx.AsyncClient, address: str, library: Library, container: Container
) -> None:
    identifier = await job(api)
    async with AsyncExitStack() as stack:
        url = f"ws://{address}/ws/{identifier}?after=0"
        sockets = [await stack.enter_async_context(connect(url, open_timeout=60)) for _ in range(200)]
        for socket in sockets:
            await read(socket)
        status = (await api.get("/ws/connections/status")).json()
        assert status == {"total": 200, "jobs": {identifier: 200}, "broadcast": 0, "health": 0, "replicas": 1}
        assert (await api.get("/connections/status")).json() == status
        claim = await claimed(library, identifier)
        await done(library, claim, STAGES[0])
        await end(library, claim)
        heard = [[message["seq"] for message in (await rest(socket))[0]] for socket in sockets]
        assert heard == [[1, 2, 3, 4, 5]] * 200
    async with asyncio.timeout(60):
        while (await api.get("/ws/connections/status")).json()["total"]:
            await asyncio.sleep(0.05)
        while [key async for key in container.redis.scan_iter("ws:connections:*")]:
            await asyncio.sleep(0.05)


async def test_a_finished_job_is_told_at_once_and_one_that_is_retried_goes_on(
    api: httpx.AsyncClient, address: str, library: Library
) -> None:
    identifier = await job(api)
    claim = await claimed(library, identifier)
    await done(library, claim, STAGES[0])
    await end(library, claim, RunStatus.FAILED)
    async with connect(f"ws://{address}/ws/{identifier}") as socket:
        assert (await read(socket))["data"]["status"] == "failed"
        assert await rest(socket) == ([], 1000)
    await api.post(f"/api/v1/jobs/{identifier}/retry")
    async with connect(f"ws://{address}/ws/{identifier}") as socket:
        first = await read(socket)
        assert first["data"]["status"] == "queued"
        assert first["data"]["progress"] > 0


@pytest.mark.parametrize("name", ["0198c000-0000-7000-8000-000000000000", "jobs", "nonsense"])
async def test_an_unknown_job_is_said_and_closed(app: FastAPI, address: str, name: str) -> None:
    async with connect(f"ws://{address}/ws/{name}") as socket:
        message = await read(socket)
        assert (message["type"], message["data"]["code"]) == ("error", "object.not_found")
        assert await rest(socket) == ([], 4404)


async def test_the_broadcast_tells_of_all_jobs_and_of_the_queue(
    api: httpx.AsyncClient, address: str, library: Library
) -> None:
    async with connect(f"ws://{address}/ws/jobs/broadcast") as socket:
        system = await read(socket)
        assert (system["type"], system["data"]) == ("system", {"queue_running": False})
        await library.run(await library.video())  # of another kind: not told
        first, second = await job(api), await job(api)
        heard: list[dict[str, Any]] = []
        while sum(message["type"] == "job_created" for message in heard) < 2:
            heard.append(await read(socket))
        created = [message for message in heard if message["type"] == "job_created"]
        assert [message["data"]["id"] for message in created] == [first, second]
        while heard[-1]["type"] != "queue_update":
            heard.append(await read(socket))
        assert heard[-1]["data"]["processing"] == 0
    await end(library, await claimed(library, first))
    async with connect(f"ws://{address}/ws/jobs/broadcast?after={created[-1]['seq']}") as socket:
        await read(socket)
        missed = [await read(socket) for _ in range(2)]
    assert [message["data"]["event"] for message in missed] == ["run.started", "run.completed"]
    assert {message["data"]["id"] for message in missed} == {first}


async def test_the_health_of_sockets_is_told_at_once_and_pings_are_answered(app: FastAPI, address: str) -> None:
    async with connect(f"ws://{address}/ws/health") as socket:
        health = await read(socket)
        assert health["type"] == "health"
        assert health["data"].keys() == {"connections", "uptime_seconds", "queue_running"}
        assert health["data"]["connections"] == 1
        await socket.send(b"\x00")  # is none of ours, and changes nothing
        await socket.send("ping")
        assert (await read(socket))["type"] == "pong"


async def test_counts_of_other_replicas_are_added(api: httpx.AsyncClient, container: Container) -> None:
    await container.redis.set("ws:connections:other", json.dumps({"broadcast": 2, "a-job": 3}))
    status = (await api.get("/ws/connections/status")).json()
    assert status == {"total": 5, "jobs": {"a-job": 3}, "broadcast": 2, "health": 0, "replicas": 1}


async def test_a_socket_over_the_limit_is_told_to_come_again(container: Container) -> None:
    small = with_settings(container, max_sockets=1)
    async with (
        served(create_app(small)) as port,
        connect(f"ws://127.0.0.1:{port}/ws/health"),
        connect(f"ws://127.0.0.1:{port}/ws/health") as second,
    ):
        assert await rest(second) == ([], 1013)
    await small.sockets.close()


async def test_a_client_that_takes_nothing_is_let_go_and_no_other_waits_for_it(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moments_ray.http.sockets._SEND_SECONDS", 1.0)
    app = FastAPI()

    @app.websocket("/stream")
    async def stream(socket: WebSocket) -> None:
        async def pour() -> None:
            while True:
                await send(socket, "x" * 64 * 1024)
                await asyncio.sleep(0)

        async with container.sockets.accepted(socket, "stream"):
            await converse(socket, pour())

    async def take(socket: ClientConnection) -> None:
        async for _ in socket:
            pass

    async def until(open_sockets: int) -> None:
        async with asyncio.timeout(60):
            while (await container.sockets.count())[0].total() != open_sockets:
                await asyncio.sleep(0.02)

    async with served(app) as port, connect(f"ws://127.0.0.1:{port}/stream", compression=None) as quick:
        taking = asyncio.create_task(take(quick))
        async with connect(f"ws://127.0.0.1:{port}/stream", compression=None):  # from which nothing is read
            await until(2)
            await until(1)
        await until(1)
        assert not taking.done()
    await taking
    await until(0)


async def test_a_key_comes_as_a_subprotocol(app: FastAPI, address: str, container: Container) -> None:
    _, key = await make_key(container.environment.database, "sockets", Scope.READ)
    encoded = base64.urlsafe_b64encode(key.text.encode()).decode().rstrip("=")
    try:
        async with connect(f"ws://{address}/ws/health", subprotocols=[f"moments.bearer.{encoded}"]) as socket:  # type: ignore[list-item]
            assert (await read(socket))["type"] == "health"
            assert socket.subprotocol == f"moments.bearer.{encoded}"
        for wrong in ({}, {"subprotocols": ["moments.bearer.bm9ib2R5"]}, {"subprotocols": ["moments.bearer.%%%"]}):
            with pytest.raises(InvalidStatus) as refused:
                async with connect(f"ws://{address}/ws/health", **wrong):  # type: ignore[arg-type]
                    pass
            assert refused.value.response.status_code == 403
    finally:
        async with container.environment.database.begin() as session:
            await session.execute(text("TRUNCATE api_keys CASCADE"))


DOCUMENTED = "localhost:8000/ws/550e8400-e29b-41d4-a716-446655440000"
# As the document of the video jobs API has it; only its address is another.
SNIPPET = """
const ws = new WebSocket('ws://localhost:8000/ws/550e8400-e29b-41d4-a716-446655440000');

ws.onopen = function(event) {
    console.log('WebSocket connected');
};

ws.onmessage = function(event) {
    const data = JSON.parse(event.data);

    switch(data.type) {
        case 'initial_status':
            console.log('Initial status:', data.data);
            break;
        case 'job_update':
            console.log(`Progress: ${data.data.progress}%`);
            console.log(`Status: ${data.data.status}`);
            break;
    }
};

ws.onclose = function(event) {
    console.log('WebSocket disconnected');
};
"""


async def test_the_documents_snippet_runs_unchanged(
    api: httpx.AsyncClient, address: str, library: Library, tmp_path: Path
) -> None:
    identifier = await job(api)
    script = tmp_path / "snippet.js"
    script.write_text(
        SNIPPET.replace("localhost:8000/ws/550e8400-e29b-41d4-a716-446655440000", f"{address}/ws/{identifier}")
    )
    deno = deno_executable()
    assert deno is not None
    page = await asyncio.create_subprocess_exec(
        *(deno, "run", "--no-config", "--no-remote", "--allow-net=127.0.0.1", str(script)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "DENO_DIR": str(tmp_path), "NO_COLOR": "1"},
    )
    try:
        assert page.stdout is not None
        async with asyncio.timeout(60):
            assert await page.stdout.readline() == b"WebSocket connected\n"
            assert await page.stdout.readline() == b"Initial status: {\n"
            claim = await claimed(library, identifier)
            await done(library, claim, STAGES[0])
            await end(library, claim)
            said = (await page.stdout.read()).decode().splitlines()
    finally:
        if page.returncode is None:
            page.kill()
        await page.wait()
    assert said[-3:] == ["Progress: 100%", "Status: completed", "WebSocket disconnected"]
    assert "Status: processing" in said
