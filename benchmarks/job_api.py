"""What a client of the API waits for: a job to be created, and an event to come over a socket, through Serve."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from contextlib import AsyncExitStack
from datetime import datetime

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from benchmarks.file_server import served
from moments_ray import runtime
from moments_ray.cli.address import require_answer
from moments_ray.engine.runs.actor import keep_listening, start_worker
from moments_ray.settings import Settings
from moments_ray.testing.media import make_video
from serve_app.app import ServeArgs
from serve_app.serving import serving

_PORT, _FILES_PORT = 7067, 7068
_RATE = 50.0  # creates a second
_CREATE_SECONDS = 20.0
_CLIENTS = 8
_CLOSED_JOBS = 500
_WATCHED_JOBS = 5


async def measure(settings: Settings, sockets: int) -> None:
    """Measure in turn and print."""
    url = f"http://127.0.0.1:{_PORT}"
    video = settings.home / "files" / "video.mp4"
    video.parent.mkdir()
    make_video(video, seconds=2)
    with serving(ServeArgs(settings=settings), "127.0.0.1", _PORT):
        await require_answer(url)
        async with httpx.AsyncClient(base_url=url, timeout=60, limits=httpx.Limits(max_connections=64)) as client:
            await _creates(client)
            await client.delete("/api/v1/queue/clear")
            with served(video.parent, _FILES_PORT):
                await _sockets(client, settings, sockets)


async def _creates(client: httpx.AsyncClient) -> None:
    await _create_many(client, 100)  # warm
    at_most = await _create_many(client, _CLOSED_JOBS)
    spent: list[float] = []
    began = time.perf_counter()
    tasks = []
    for number in range(int(_RATE * _CREATE_SECONDS)):
        await asyncio.sleep(max(0.0, began + number / _RATE - time.perf_counter()))
        tasks.append(asyncio.create_task(_create(client, spent)))
    await asyncio.gather(*tasks)
    shown = ", ".join(f"p{share} {_percentile(spent, share):.1f} ms" for share in (50, 95, 99))
    print(f"\nPOST /api/v1/jobs/ at {_RATE:g}/s through Serve: {shown}; {_CLIENTS} clients at most {at_most:.0f}/s")


async def _create_many(client: httpx.AsyncClient, count: int) -> float:
    left = iter(range(count))

    async def some() -> None:
        for _ in left:
            await _create(client, [])

    began = time.perf_counter()
    await asyncio.gather(*(some() for _ in range(_CLIENTS)))
    return count / (time.perf_counter() - began)


async def _create(client: httpx.AsyncClient, spent: list[float]) -> str:
    body = {"youtube_url": f"http://127.0.0.1:{_FILES_PORT}/video.mp4", "job_type": "audio_extraction"}
    began = time.perf_counter()
    answer = await client.post("/api/v1/jobs/", json=body)
    spent.append((time.perf_counter() - began) * 1000)
    answer.raise_for_status()
    return str(answer.json()["id"])


async def _sockets(client: httpx.AsyncClient, settings: Settings, count: int) -> None:
    """Have many sockets on one job, again and again, each from before it begins to its end."""
    late: list[float] = []
    worker = start_worker(runtime.connect, settings, runtime.open_redis, name="sockets", detached=False)
    listening: asyncio.Task[None] | None = None
    complete = 0
    for number in range(_WATCHED_JOBS):
        async with AsyncExitStack() as stack:
            if listening is not None:
                await worker.drain.remote()
                await listening
                worker = start_worker(
                    runtime.connect, settings, runtime.open_redis, name=f"sockets{number}", detached=False
                )
            job = await _create(client, [])
            address = f"ws://127.0.0.1:{_PORT}/ws/{job}"
            opened = [await stack.enter_async_context(connect(address, open_timeout=60)) for _ in range(count)]
            for socket in opened:
                await socket.recv()
            listening = asyncio.create_task(keep_listening(worker))
            heard = await asyncio.gather(*(_follow(socket, late) for socket in opened))
            complete += sum(each == heard[0] and each == sorted(set(each)) for each in heard)
    await worker.drain.remote()
    shown = ", ".join(f"p{share} {_percentile(late, share):.0f} ms" for share in (50, 95, 99))
    print(f"event to socket, {count} sockets on one job, {_WATCHED_JOBS} jobs, {len(late)} messages: {shown}")
    print(f"sockets that had every event once: {complete} of {count * _WATCHED_JOBS}")


async def _follow(socket: ClientConnection, late: list[float]) -> list[int]:
    """Read to the end, note how late each event was in milliseconds, and return the events' numbers."""
    seen: list[int] = []
    try:
        while True:
            text, now = await socket.recv(), time.time()
            message = json.loads(text)
            if message["data"].get("event") is not None:
                late.append((now - datetime.fromisoformat(message["at"]).timestamp()) * 1000)
                seen.append(message["seq"])
    except ConnectionClosed:
        return seen


def _percentile(values: list[float], share: int) -> float:
    return statistics.quantiles(values, n=100)[share - 1]
