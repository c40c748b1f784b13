"""A part that is overloaded or frozen makes the API say so, or go on without it; nobody is left waiting."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Iterator

import httpx
from sqlalchemy import text
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedOK

from moments_ray import runtime
from moments_ray.embedded.orphans import working_in
from moments_ray.embedded.redis import RedisServer
from moments_ray.engine.queries.runs import Runs
from moments_ray.http.container import Container
from serve_app.factory import create_app
from tests.integration.api.conftest import Library, problem
from tests.integration.api.line import served
from tests.integration.api.working_jobs import claimed, end, job


async def test_a_pool_without_a_free_connection_is_503_with_the_time_to_come_back(
    api: httpx.AsyncClient, container: Container
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(10):
            session = await stack.enter_async_context(container.environment.database.read())
            await session.execute(text("SELECT 1"))
        async with asyncio.timeout(20):
            answers = await asyncio.gather(*(api.get("/api/videos") for _ in range(20)))
        for answer in answers:
            problem(answer, 503, "database.unavailable")
            assert int(answer.headers["retry-after"]) > 0
        assert (await api.get("/livez")).status_code == 200
    assert (await api.get("/api/videos")).status_code == 200


@contextlib.contextmanager
def frozen(server: RedisServer) -> Iterator[None]:
    """Have a Redis that takes connections and answers nothing."""
    (pid,) = working_in(server.files.data, server.program)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_a_run_is_taken_while_redis_is_frozen_and_waits_in_postgresql(
    container: Container, library: Library, redis_server: RedisServer
) -> None:
    video = await library.video()
    impatient = runtime.open_redis(container.environment.settings, timeout=0.5)
    app = create_app(Container(container.environment, impatient, container.nodes))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as api:
        with frozen(redis_server):
            async with asyncio.timeout(20):
                answer = await api.post(f"/api/pipeline/{video.identifier}/start", json={})
                assert answer.status_code == 202, answer.text
                run = answer.headers["location"].removeprefix("/api/runs/")
                shown = await api.get(f"/api/pipeline/{video.identifier}/status")
                assert shown.json()["status"] == "queued"
                health = await api.get("/health")
                assert (health.status_code, health.json()["redis"]["status"]) == (503, "down")
                assert "tunnels" not in health.json()
        assert (await api.get("/health")).json()["tunnels"] == {}
    async with container.environment.database.read() as session:
        waiting = await Runs(session).active(video.identifier)
        assert waiting is not None
        assert (waiting.identifier, waiting.status) == (run, "queued")
    await impatient.aclose()


async def test_a_job_is_taken_and_told_to_its_end_while_redis_is_frozen(
    container: Container, library: Library, redis_server: RedisServer
) -> None:
    impatient = runtime.open_redis(container.environment.settings, timeout=0.5)
    app = create_app(Container(container.environment, impatient, container.nodes))
    async with (
        served(app) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as api,
        asyncio.timeout(90),
    ):
        with frozen(redis_server):
            identifier = await job(api)
            async with connect(f"ws://127.0.0.1:{port}/ws/{identifier}") as socket:
                told = [json.loads(await socket.recv())]
                await end(library, await claimed(library, identifier))
                with contextlib.suppress(ConnectionClosedOK):
                    while True:
                        told.append(json.loads(await socket.recv()))
            assert (await api.get("/api/v1/queue/status")).json()["queue_running"] is False
    assert [message["data"].get("event") for message in told] == [None, "run.started", "run.completed"]
    assert socket.close_code == 1000
    await impatient.aclose()
