"""A server on loopback that has one file, or answers as a test says, and fetching from it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from moments_ray.media.download import download
from moments_ray.media.downloaded import Downloaded
from moments_ray.settings import DownloadSettings, Settings

BODY = bytes(range(256)) * 8192  # 2 MiB
Answer = Callable[[str, dict[str, str], asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[str]:
    """An HTTP server whose answers are written byte by byte by ``answer(path, headers, writer)``."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
            try:
                await answer(head[0].split(" ")[1], headers, writer)
                await writer.drain()
            finally:
                writer.close()

    tasks: set[asyncio.Task[None]] = set()
    server = await asyncio.start_server(
        lambda reader, writer: tasks.add(asyncio.create_task(handle(reader, writer))), "127.0.0.1", 0
    )
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def head(status: int, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status} Status", *headers, "Connection: close", "", ""]).encode()


class FileServer:
    """Serves one body with ranges, as real servers do, and can break off."""

    def __init__(self, body: bytes = BODY, etag: str = '"one"') -> None:
        self.body = body
        self.etag = etag
        self.break_after: int | None = None
        self.asked: list[str | None] = []

    async def __call__(self, _path: str, headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        self.asked.append(headers.get("range"))
        start = 0
        if "range" in headers and headers.get("if-range") == self.etag:
            start = int(headers["range"].removeprefix("bytes=").removesuffix("-"))
        if start and start >= len(self.body):
            writer.write(head(416, f"Content-Range: bytes */{len(self.body)}", "Content-Length: 0"))
            return
        rest = self.body[start:]
        span = f"Content-Range: bytes {start}-{len(self.body) - 1}/{len(self.body)}"
        writer.write(head(206 if start else 200, f"Content-Length: {len(rest)}", f"ETag: {self.etag}", span))
        writer.write(rest if self.break_after is None else rest[: self.break_after])


def left(directory: Path) -> dict[str, int]:
    """What lies in a directory, with its size."""
    return {path.name: path.stat().st_size for path in directory.iterdir()}


async def fetch(
    url: str, directory: Path, on_progress: Callable[[float], None] | None = None, **limits: object
) -> Downloaded:
    allowed = DownloadSettings.model_validate({"allow_private_addresses": True, **limits})
    return await download(url, directory, Settings(download=allowed), on_progress=on_progress)
