"""A forward proxy on loopback through which a child's own HTTP goes, under the same guard as ours."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
from pydantic import SecretStr

from moments_ray.errors import DownloadProxyFailed, MomentsError, UrlNotAllowed
from moments_ray.media.guard import Resolver, check_host, check_url, resolve_by_system
from moments_ray.media.upstream import connect_through
from moments_ray.settings import DownloadSettings

_HEAD_BYTES = 64 * 1024
_CHUNK_BYTES = 64 * 1024
_HEAD_SECONDS = 30.0
_CONNECT_SECONDS = 10.0
_HOP_HEADERS = (b"proxy-connection:", b"proxy-authorization:", b"connection:", b"keep-alive:")


@dataclass
class EgressProxy:
    """Where the proxy listens, the requests it refused, and what the upstream proxy would not do."""

    url: str = ""
    refused: list[UrlNotAllowed] = field(default_factory=list)
    upstream_failures: list[DownloadProxyFailed] = field(default_factory=list)


@contextlib.asynccontextmanager
async def egress_proxy(
    settings: DownloadSettings, resolver: Resolver = resolve_by_system, upstream: SecretStr | None = None
) -> AsyncIterator[EgressProxy]:
    """Serve CONNECT and plain HTTP requests to public hosts on a free loopback port while the block runs.

    What passes the guard goes to its checked address, through ``upstream`` where there is one.
    """
    proxy = EgressProxy()
    connections: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            # A peer that goes away, on either side, ends its connection and nothing else.
            with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await _serve(reader, writer, settings, resolver, proxy, upstream=upstream)
        finally:
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(handle(reader, writer))
        connections.add(task)
        task.add_done_callback(connections.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, limit=_HEAD_BYTES)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _serve(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    settings: DownloadSettings,
    resolver: Resolver,
    proxy: EgressProxy,
    *,
    upstream: SecretStr | None,
) -> None:
    """Answer one connection: one request, one upstream."""
    async with asyncio.timeout(_HEAD_SECONDS):
        head = await reader.readuntil(b"\r\n\r\n")
    request_line, *headers = head[:-4].split(b"\r\n")
    try:
        method, target, _ = request_line.decode("ascii").split(" ")
        if method == "CONNECT":
            authority = httpx.URL(f"https://{target}")
            port, greeting = authority.port or 443, b""
            addresses = await check_host(authority.raw_host.decode("ascii"), port, settings, resolver)
        else:
            destination = await check_url(target, settings, resolver)
            addresses, port = destination.addresses, destination.port
            kept = [line for line in headers if not line.lower().startswith(_HOP_HEADERS)]
            path = destination.url.raw_path.decode("ascii")
            # Closed after one answer, so that no second request rides on this one's check.
            lines = [f"{method} {path} HTTP/1.1".encode(), *kept, b"Connection: close", b"", b""]
            greeting = b"\r\n".join(lines)
    except UrlNotAllowed as error:
        proxy.refused.append(error)
        return await _refuse(writer, 403, error)
    except MomentsError as error:
        return await _refuse(writer, 502, error)
    except (ValueError, httpx.InvalidURL) as error:
        return await _refuse(writer, 400, error)
    try:
        if upstream is None:
            upstream_reader, upstream_writer = await _connect(addresses, port)
        else:
            upstream_reader, upstream_writer = await connect_through(upstream, addresses[0], port)
    except DownloadProxyFailed as error:
        proxy.upstream_failures.append(error)
        return await _refuse(writer, 502, error)
    except OSError as error:
        return await _refuse(writer, 502, error)
    try:
        if greeting:
            upstream_writer.write(greeting)
        else:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_relay(reader, upstream_writer), _relay(upstream_reader, writer))
    finally:
        upstream_writer.close()


async def _connect(addresses: tuple[str, ...], port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to the first address that answers."""
    failure: OSError = ConnectionError("no address")
    for address in addresses:
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                return await asyncio.open_connection(address, port)
        except OSError as error:
            failure = error
    raise failure


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass bytes on until one side ends."""
    while chunk := await reader.read(_CHUNK_BYTES):
        writer.write(chunk)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
    else:  # TLS, to an upstream proxy
        writer.close()


async def _refuse(writer: asyncio.StreamWriter, status: int, reason: Exception) -> None:
    body = str(reason).encode()
    head = f"HTTP/1.1 {status} Refused\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
