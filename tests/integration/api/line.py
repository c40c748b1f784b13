"""A line to a served application, which a test cuts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI


class Line:
    """A TCP line to a server that can be cut: at once, or after so many bytes of an answer."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.cut_after: list[int] = []  # bytes of the answers of the next connections
        self.cut_request_after: list[int] = []  # and of what they ask
        self.connections = 0

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Cut every connection, and take no more."""
        assert self._server is not None
        self._server.close()
        await self.drop()

    async def drop(self) -> None:
        """Cut every connection."""
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0.05)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        left = self.cut_after.pop(0) if self.cut_after else None
        asked = self.cut_request_after.pop(0) if self.cut_request_after else None
        writers, ways = {writer}, set[asyncio.Task[None]]()
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._to)
            writers.add(back)
            self._writers |= writers
            ways = {asyncio.create_task(_pump(reader, back, asked)), asyncio.create_task(_pump(there, writer, left))}
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:  # a server that is gone, or a test that is over, leaves nothing open either
            for way in ways:
                way.cancel()
            for each in writers:
                each.transport.abort()
            self._writers -= writers
            await asyncio.gather(*ways, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: int | None) -> None:
    while piece := await reader.read(65536):
        if left is not None:
            piece, left = piece[:left], left - len(piece)
        writer.write(piece)
        await writer.drain()
        if left is not None and left <= 0:
            return


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[int]:
    """Serve an application, with its sockets, on a free port."""
    config = uvicorn.Config(
        app, port=0, lifespan="off", log_level="critical", ws="websockets-sansio", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await serving
