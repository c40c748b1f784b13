"""Streams of events over real sockets: many at once, slow ones, and ones that break off."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp

from moments_ray.database.tables import Run
from moments_ray.engine.queries.claims import Claim
from moments_ray.engine.queries.journal import Journal
from moments_ray.http.event_stream import EventStream, events_of_run
from tests.integration.api.conftest import Library

READERS = 200


@contextlib.asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[int]:
    """Serve an application by a real HTTP server whose connections buffer little; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield listening.getsockname()[1]
        server.should_exit = True
        server.force_exit = True  # streams of readers that never read
        await serving


@pytest.fixture
async def port(app: FastAPI) -> AsyncIterator[int]:
    """The port of the whole application."""
    async with served(app) as port:
        yield port


@contextlib.asynccontextmanager
async def reader(port: int, run: Run, last: int = 0) -> AsyncIterator[asyncio.StreamReader]:
    """Ask for a run's events, with room for next to nothing that is not read."""
    asking = socket.socket()
    asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
    asking.setblocking(False)
    await asyncio.get_running_loop().sock_connect(asking, ("127.0.0.1", port))
    taking, giving = await asyncio.open_connection(sock=asking, limit=4096)
    giving.write(
        f"GET /api/runs/{run.identifier}/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
        f"Last-Event-ID: {last}\r\nConnection: close\r\n\r\n".encode()
    )
    try:
        yield taking
    finally:
        giving.close()


async def numbers(taking: asyncio.StreamReader, *, pause: float = 0.0) -> list[int]:
    """Read a stream to its end, by small pieces, and return the numbers of its events."""
    text = b""
    with contextlib.suppress(ConnectionError):
        while piece := await taking.read(4096):
            text += piece
            await asyncio.sleep(pause)
    blocks = text.replace(b"\r\n", b"\n").split(b"\n\n")
    whole = blocks[:-1]  # the last one may be half an event
    return [int(line[4:]) for block in whole for line in block.split(b"\n") if line.startswith(b"id: ")]


async def write_much(library: Library, claim: Claim) -> None:
    """Let more happen in a run than the buffers of a connection hold."""
    async with library.database.begin() as session:
        for _ in range(120):
            await Journal(session, claim).event("stage.progress", {"padding": "x" * 2_000})


async def test_readers_that_do_not_read_harm_nobody_and_miss_nothing(port: int, library: Library) -> None:
    run = await library.run(await library.video())
    claim = await library.claim(run)
    await write_much(library, claim)
    async with contextlib.AsyncExitStack() as stack, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as api:
        readers = [await stack.enter_async_context(reader(port, run, last=60)) for _ in range(READERS)]
        for _ in range(20):
            assert (await api.get(f"/api/runs/{run.identifier}")).status_code == 200
            assert (await api.get(f"/api/pipeline/{run.subject}/status")).status_code == 200
        await library.write(claim, "run.completed", status="completed")
        quick = await api.get(f"/api/runs/{run.identifier}/events", headers={"Accept": "text/event-stream"})
        assert quick.text.rstrip().count("event: run.completed") == 1
        last = await library.container.run_service.cancel(run.identifier)
        assert await numbers(readers[0]) == list(range(61, last.event_seq + 1))


async def test_a_reader_that_takes_nothing_for_too_long_is_let_go_and_goes_on_where_it_was(
    port: int, library: Library
) -> None:
    async def events(request: Request) -> EventStream:
        return EventStream(events_of_run(library.container, request.path_params["run"], 0), send_seconds=0.3)

    run = await library.run(await library.video())
    claim = await library.claim(run)
    await write_much(library, claim)
    impatient = Starlette(routes=[Route("/api/runs/{run}/events", events)])
    async with served(impatient) as place, reader(place, run) as taking:
        await asyncio.sleep(1)
        first = await numbers(taking)
    assert first == list(range(1, len(first) + 1))
    assert len(first) < 100  # it was let go before the end
    await library.write(claim, "run.completed", status="completed")
    async with reader(port, run, last=first[-1] if first else 0) as taking:
        rest = await numbers(taking)
    assert first + rest == list(range(1, 124))
