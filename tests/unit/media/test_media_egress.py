"""The proxy that media tools go out through reaches what the guard allows, and nothing else."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from moments_ray.media.egress import egress_proxy
from moments_ray.settings import DownloadSettings
from tests.unit.media.hosts import SETTINGS, listening, resolving


async def ask(proxy: str, request: bytes) -> bytes:
    url = httpx.URL(proxy)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 60)
    writer.close()
    return answer


async def test_the_proxy_passes_plain_requests_and_tunnels_to_allowed_hosts() -> None:
    resolve, _ = resolving(["127.0.0.1"])
    async with (
        listening() as (port, heads),
        egress_proxy(DownloadSettings(allow_private_addresses=True), resolve) as proxy,
    ):
        plain = f"GET http://site.test:{port}/a?b HTTP/1.1\r\nHost: site.test\r\nProxy-Connection: keep-alive\r\n\r\n"
        assert (await ask(proxy.url, plain.encode())).endswith(b"\r\n\r\nhi")
        assert heads[0].startswith(b"GET /a?b HTTP/1.1\r\n")
        assert b"Connection: close" in heads[0]
        assert b"keep-alive" not in heads[0]
        tunnel = f"CONNECT site.test:{port} HTTP/1.1\r\n\r\nGET /inner HTTP/1.1\r\n\r\n"
        answer = await ask(proxy.url, tunnel.encode())
        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.endswith(b"hi")
        assert proxy.refused == []


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("GET http://127.0.0.1:{port}/ HTTP/1.1", 403),
        ("GET http://localhost/ HTTP/1.1", 403),
        ("GET file:///etc/passwd HTTP/1.1", 403),
        ("CONNECT 169.254.169.254:80 HTTP/1.1", 403),
        ("CONNECT [::1]:{port} HTTP/1.1", 403),
        ("CONNECT 8.8.8.8:25 HTTP/1.1", 403),
        ("nonsense", 400),
    ],
)
async def test_the_proxy_refuses_what_the_guard_refuses(request_line: str, status: int) -> None:
    async with listening() as (port, heads), egress_proxy(SETTINGS) as proxy:
        answer = await ask(proxy.url, f"{request_line.format(port=port)}\r\nHost: x\r\n\r\n".encode())
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert bool(proxy.refused) == (status == 403)
        assert heads == []


async def test_the_proxy_leaves_nothing_open() -> None:
    resolve, _ = resolving(["127.0.0.1"])
    async with listening(b"") as (port, _heads):
        async with egress_proxy(DownloadSettings(allow_private_addresses=True), resolve) as proxy:
            url = httpx.URL(proxy.url)
            reader, writer = await asyncio.open_connection(url.host, url.port)
            writer.write(f"CONNECT x.test:{port} HTTP/1.1\r\n\r\n".encode())
            assert await reader.readuntil(b"\r\n\r\n")
        assert await asyncio.wait_for(reader.read(), 60) == b""
        writer.close()
        with pytest.raises(OSError, match="Connect call failed"):
            await asyncio.open_connection(url.host, url.port)
