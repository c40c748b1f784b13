"""Sockets through Serve's own proxy: each hears every event once, whatever is killed meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from ray import serve
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, InvalidHandshake

from moments_ray.settings import Settings
from moments_ray.testing.media import run_ffmpeg
from serve_app.app import ServeArgs, app
from tests.ray.conftest import Engine, StartWorker
from tests.ray.talk import Talk


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def address(ray_cluster: Settings) -> Iterator[str]:
    """Where two replicas of the application answer, behind Serve's proxy."""
    port = free_port()
    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    try:
        serve.run(app(ServeArgs(settings=ray_cluster, replicas=2)), name="moments", route_prefix="/")
        yield f"127.0.0.1:{port}"
    finally:
        serve.shutdown()  # type: ignore[no-untyped-call]


async def create(address: str, talk: Talk, folder: Path) -> str:
    """Create a job on the talk that is at work for some seconds, so that it can be struck in the middle."""
    video = folder / "talk.mp4"
    run_ffmpeg(["-i", talk.path, "-i", talk.captions, "-c", "copy", "-c:s", "mov_text", video])
    clips = {"clip_strategy": "windows", "clip_duration": 5.0, "overlap_duration": 0.0, "max_clips": 4}
    job = json.dumps({"job_type": "full_processing", "options": clips})
    async with httpx.AsyncClient(base_url=f"http://{address}", timeout=60) as client:
        answer = await client.post(
            "/api/v1/jobs/upload", files={"file": ("talk.mp4", video.read_bytes())}, data={"job": job}
        )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


class Listener:
    """A client that comes back with the number of the last event it had, until it is told that the job is over."""

    def __init__(self, address: str, job: str) -> None:
        self._url = f"ws://{address}/ws/{job}"
        self.events: list[dict[str, Any]] = []
        self.progress = 0.0
        self.opened = asyncio.Event()
        self.reopened = 0

    async def listen(self) -> None:
        while True:
            try:
                if await self._listen_once():
                    return
            except (ConnectionClosedError, InvalidHandshake, OSError):
                self.reopened += 1
                await asyncio.sleep(0.2)

    async def _listen_once(self) -> bool:
        after = self.events[-1]["seq"] if self.events else 0
        async with connect(f"{self._url}?after={after}", open_timeout=60) as socket:
            assert json.loads(await socket.recv())["type"] == "initial_status"
            self.opened.set()
            async for text in socket:
                message = json.loads(text)
                assert message["type"] == "job_update"
                if message["data"]["event"] is not None:
                    self.events.append(message)
        return socket.close_code == 1000


def kill(title: str) -> None:
    """Kill a process of this test's Ray by its title."""
    found = []
    for each in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended meanwhile
            if " ".join(each.cmdline()).startswith(title):
                found.append(each)
    assert found, title
    os.kill(found[0].pid, signal.SIGKILL)


async def heard_by_all(count: int, address: str, job: str, engine: Engine, start: StartWorker) -> list[Listener]:
    """Have sockets follow a job while a replica, then a worker, then a replica again is killed."""
    listeners = [Listener(address, job) for _ in range(count)]
    async with asyncio.timeout(240), asyncio.TaskGroup() as group:
        for listener in listeners:
            group.create_task(listener.listen())
        for listener in listeners:
            await listener.opened.wait()
        kill("ray::ServeReplica:moments")
        await start("first")
        await _until(listeners[0], "stage.started")
        kill("ray::WorkerActor")
        await start("second")
        await _until(listeners[0], "run.started", times=2)
        kill("ray::ServeReplica:moments")
    events = await engine.events(await engine.run(job))
    numbers = [event.seq for event in events]
    assert {tuple(each["seq"] for each in listener.events) for listener in listeners} == {tuple(numbers)}
    assert (events[-1].type, len({*numbers})) == ("run.completed", len(numbers))
    for listener in listeners:
        progress = [event["data"]["progress"] for event in listener.events]
        assert progress == sorted(progress)
    return listeners


async def _until(listener: Listener, event: str, times: int = 1) -> None:
    while sum(each["data"]["event"] == event for each in listener.events) < times:
        await asyncio.sleep(0.02)


async def test_sockets_on_one_job_hear_every_event_once_across_killed_replicas_and_a_killed_worker(
    address: str, engine: Engine, start: StartWorker, talk: Talk, tmp_path: Path
) -> None:
    listeners = await heard_by_all(20, address, await create(address, talk, tmp_path), engine, start)
    assert any(listener.reopened for listener in listeners)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_two_hundred_sockets_on_one_job_do(
    address: str, engine: Engine, start: StartWorker, talk: Talk, tmp_path: Path
) -> None:
    await heard_by_all(200, address, await create(address, talk, tmp_path), engine, start)
