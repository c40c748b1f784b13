"""What Ray Serve costs the API: polls of a run's status, a second, beside the same application under bare uvicorn.

    python -m benchmarks.api [--seconds 10] [--rounds 3] [--pollers 16] [--streams 200]

Both serve one PostgreSQL and one Redis, in one process each, and are asked in turn in one run, while ``--streams``
clients hold an idle stream of events open on each. The pollers are in this process, on the same machine: they take
their share of its cores from both alike.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import uvicorn

from benchmarks.own_home import own_home
from benchmarks.own_ray import own_ray
from moments_ray import runtime
from moments_ray.cli.address import require_answer
from moments_ray.engine.runs.service import RunOrder
from moments_ray.library.queries.videos import get_or_create_video
from moments_ray.library.values import Source
from moments_ray.moments.pipelines import MOMENTS
from moments_ray.moments.values import MomentsRequest
from moments_ray.settings import ApiSettings, Settings
from serve_app.app import ServeArgs
from serve_app.deployments.api import connect_container
from serve_app.factory import create_app
from serve_app.serving import serving

_SERVE_PORT, _BARE_PORT = 7065, 7066
_WARM_SECONDS = 2.0
_SOURCE = "https://example.org/talk.mp4"


@dataclass
class Polls:
    """What came of polling one server; seconds."""

    latencies: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    refused: int = 0

    def percentile(self, share: int) -> float:
        """Return the latency that ``share`` of a hundred polls stayed under, in milliseconds."""
        return statistics.quantiles(self.latencies, n=100)[share - 1] * 1000


async def poll(port: int, path: str, until: float, polls: Polls) -> int:
    """Ask over one connection, again and again, and return how often it was answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    count = 0
    while (began := time.perf_counter()) < until:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.split(b":")[1]))
        polls.latencies.append(time.perf_counter() - began)
        polls.refused += not head.startswith(b"HTTP/1.1 200")
        count += 1
    writer.close()
    return count


@contextlib.asynccontextmanager
async def idle_streams(port: int, path: str, count: int) -> AsyncIterator[None]:
    """Hold streams of events open; at the end every one has to be there still."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n".encode()
    streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    for reader, writer in streams:
        writer.write(request)
        if not (await reader.readuntil(b"event: run.queued")).startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"port {port} refused a stream")
    yield
    lost = sum(reader.at_eof() for reader, _ in streams)
    for _, writer in streams:
        writer.close()
    if lost:
        raise SystemExit(f"port {port} lost {lost} of {count} streams")


async def round_of(port: int, path: str, pollers: int, seconds: float, polls: Polls) -> None:
    """Poll a server for a while."""
    began = time.perf_counter()
    counts = await asyncio.gather(*(poll(port, path, began + seconds, polls) for _ in range(pollers)))
    polls.rates.append(sum(counts) / (time.perf_counter() - began))


async def queued_run(settings: Settings) -> tuple[str, str]:
    """Write a run that waits, as long as nobody works; return its video's identifier and its own."""
    environment = runtime.connect(settings)
    try:
        video, _ = await get_or_create_video(environment.database.row, _SOURCE, source_url=_SOURCE, title="A talk")
        request = MomentsRequest(source=Source(video=video.identifier, url=_SOURCE))
        run = (await runtime.run_service(environment).start(MOMENTS, request, RunOrder(notify=False))).run
    finally:
        await environment.close()
    return video.identifier, run.identifier


@contextlib.asynccontextmanager
async def bare_server(settings: Settings) -> AsyncIterator[None]:
    """Run the peer in a process of its own: this module with ``--bare``."""
    urls = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
    environment = {name: url.get_secret_value() for name, url in urls.items() if url is not None}
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.api", "--bare"),
        env={**os.environ, **environment, "MOMENTS_HOME": str(settings.home), "MOMENTS_API__REQUESTS_PER_MINUTE": "0"},
    )
    try:
        await require_answer(f"http://127.0.0.1:{_BARE_PORT}")
        yield
    finally:
        child.terminate()
        await child.wait()


async def measure(settings: Settings, options: argparse.Namespace) -> dict[str, Polls]:
    """Poll both in turn, round after round."""
    ports = {"Ray Serve": _SERVE_PORT, "bare uvicorn": _BARE_PORT}
    found = {name: Polls() for name in ports}
    video, run = await queued_run(settings)
    path, events = f"/api/pipeline/{video}/status", f"/api/runs/{run}/events"
    async with bare_server(settings), contextlib.AsyncExitStack() as stack:
        for port in ports.values():
            await stack.enter_async_context(idle_streams(port, events, options.streams))
            await round_of(port, path, options.pollers, _WARM_SECONDS, Polls())
        for _ in range(options.rounds):
            for name, port in ports.items():
                await round_of(port, path, options.pollers, options.seconds, found[name])
    return found


def report(found: dict[str, Polls], options: argparse.Namespace) -> None:
    """Print what came of it."""
    print(
        f"{options.rounds} rounds of {options.seconds:g} s in turn, {options.pollers} pollers,"
        f" {options.streams} idle streams of events on each, {os.cpu_count()} cores"
    )
    print(f"{'':16}{'polls/s (median)':>18}{'p50 ms':>9}{'p99 ms':>9}{'not 200':>9}")
    for name, polls in found.items():
        rate = statistics.median(polls.rates)
        print(f"{name:16}{rate:18.0f}{polls.percentile(50):9.1f}{polls.percentile(99):9.1f}{polls.refused:9}")


def bare() -> None:
    """Serve the application under uvicorn, until told to stop."""
    container = connect_container(Settings(_env_file=None))
    uvicorn.run(create_app(container), host="127.0.0.1", port=_BARE_PORT, log_level="warning", access_log=False)


async def with_services(settings: Settings, options: argparse.Namespace) -> dict[str, Polls]:
    """Start everything, measure, and stop it again."""
    async with runtime.services(settings) as resolved:
        with own_ray(resolved), serving(ServeArgs(settings=resolved), "127.0.0.1", _SERVE_PORT):
            await require_answer(f"http://127.0.0.1:{_SERVE_PORT}")
            return await measure(resolved, options)


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the options and measure in a home of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pollers", type=int, default=16)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--bare", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.bare:
        bare()
        return
    with own_home(api=ApiSettings(requests_per_minute=0)) as settings:
        report(asyncio.run(with_services(settings, options)), options)


if __name__ == "__main__":
    main()
