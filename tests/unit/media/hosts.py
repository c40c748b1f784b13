"""Hosts on loopback, and names that lead where a test says."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from moments_ray.settings import DownloadSettings

SETTINGS = DownloadSettings()


@contextlib.asynccontextmanager
async def listening(
    answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that gives one answer to everything and keeps the heads of what it was asked."""
    heads: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(b"")
        with contextlib.suppress(asyncio.IncompleteReadError):
            heads[-1] = await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, host, port)
    async with server:
        yield server.sockets[0].getsockname()[1], heads


def resolving(*answers: Sequence[str]) -> tuple[Callable[[str, int], Awaitable[Sequence[str]]], list[str]]:
    """A resolver that gives these answers in turn, with the names it was asked for."""
    asked: list[str] = []

    async def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    return resolve, asked
