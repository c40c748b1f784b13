"""A site on loopback, the proxy of an operator before it, and fetching from there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from moments_ray.media.download import download
from moments_ray.media.downloaded import Downloaded
from moments_ray.settings import DownloadSettings, Settings

# An extractor of few needs: one XML document names the file.
PAGE = "http://www.ebaumsworld.com/videos/a-talk/123"
DESCRIPTION = (
    "<video><title>A talk\n; rm -rf / %(id)s</title><file>http://media.test/v.mp4</file>"
    "<description>d</description><image>http://media.test/i.jpg</image><username>u</username></video>"
)
VTT = b"WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n"
SETTINGS = Settings(download=DownloadSettings(allow_private_addresses=True))


class Site:
    """What the local server has, by URL; every name leads to it."""

    def __init__(self) -> None:
        self.port = 0
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.cookies: list[str] = []
        self.status = 404
        self.announces_length = True

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client gave up, as some tests make it
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        host = next(line.split(": ")[1] for line in lines if line.lower().startswith("host:"))
        url = f"http://{host}{lines[0].split(' ')[1]}"
        self.asked.append(url)
        self.cookies += [line for line in lines if line.lower().startswith("cookie:")]
        body = self.files.get(url)
        status = f"{self.status} Missing" if body is None else "200 OK"
        length = f"Content-Length: {len(body or b'')}\r\n" if self.announces_length else ""
        writer.write(f"HTTP/1.1 {status}\r\n{length}\r\n".encode() + (body or b""))
        await writer.drain()


async def everything_is_here(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


async def fetch(url: str, directory: Path, settings: Settings = SETTINGS, **options: Any) -> Downloaded:
    return await download(url, directory, settings, resolver=everything_is_here, **options)


class UpstreamProxy:
    """An operator's proxy on loopback: HTTP with CONNECT, or SOCKS5; both want the user and password."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.asked: list[str] = []
        self.url = ""
        self.answer = b"HTTP/1.1 200 OK\r\n\r\n"

    async def http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        assert "Proxy-Authorization: Basic dXNlcjpwOmFzcw==" in head  # user:p:ass
        self.asked.append(head.split(" ")[1])
        writer.write(self.answer)
        await self._carry(reader, writer)

    async def socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(3) == b"\x05\x01\x02"
        writer.write(b"\x05\x02")
        assert await reader.readexactly(12) == b"\x01\x04user\x05p:ass"
        writer.write(b"\x01\x00")
        request = await reader.readexactly(10)
        self.asked.append(f"{'.'.join(map(str, request[4:8]))}:{int.from_bytes(request[8:], 'big')}")
        writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        await self._carry(reader, writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.answer.startswith(b"HTTP/1.1 200"):
            with contextlib.suppress(ConnectionError):
                await self._site.handle(reader, writer)
        writer.close()


def with_site(**values: object) -> Settings:
    return Settings.model_validate(
        {"download": {"allow_private_addresses": True}, "sites": {"ebaumsworld.com": values}}
    )
