"""Connects through an operator's proxy: HTTP, HTTPS or SOCKS5, with user and password where its URL has them.

The proxy gets the address that the guard has checked, never a name that it would look up itself.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import ssl
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import SecretStr

from moments_ray.errors import DownloadProxyFailed

_SECONDS = 30.0
_HEAD_BYTES = 64 * 1024
_SOCKS_VERSION, _BY_PASSWORD, _IPV4, _IPV6 = 5, 2, 1, 4

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connect_through(proxy: SecretStr, address: str, port: int) -> Connection:
    """Return a connection to an address by way of a proxy.

    Raises:
        DownloadProxyFailed: the proxy does not answer, or will not connect; its URL is in no message.
    """
    url = urlsplit(proxy.get_secret_value())
    context = ssl.create_default_context() if url.scheme == "https" else None
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(_SECONDS):
            reader, writer = await asyncio.open_connection(url.hostname, url.port, ssl=context, limit=_HEAD_BYTES)
            ask = _ask_socks if url.scheme == "socks5" else _ask_http
            await ask(reader, writer, url, address, port)
    except BaseException as error:
        if writer is not None:
            writer.close()
        if isinstance(error, OSError | asyncio.IncompleteReadError | asyncio.LimitOverrunError):
            reason = str(error) if isinstance(error, _Refused) else type(error).__name__
            raise DownloadProxyFailed(
                f"The proxy of this site does not connect ({reason}): mend it, or change `proxies` in MOMENTS_SITES."
            ) from None
        raise
    return reader, writer


class _Refused(ConnectionError):
    """The proxy said no."""


async def _ask_http(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, url: SplitResult, address: str, port: int
) -> None:
    target = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if url.username is not None:
        known = f"{unquote(url.username)}:{unquote(url.password or '')}"
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(known.encode()).decode()}")
    writer.write("\r\n".join([*lines, "", ""]).encode())
    await writer.drain()
    status = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0].split(b" ")
    if len(status) < 2 or status[1] != b"200":
        raise _Refused(f"it answers {b' '.join(status[1:2]).decode('ascii', 'replace') or 'no HTTP'}")


async def _ask_socks(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, url: SplitResult, address: str, port: int
) -> None:
    """Speak RFC 1928, and RFC 1929 where there is a password."""
    method = 0 if url.username is None else _BY_PASSWORD
    writer.write(bytes([_SOCKS_VERSION, 1, method]))
    if (await reader.readexactly(2))[1] != method:
        raise _Refused("it wants another way of signing in")
    if url.username is not None:
        user, password = unquote(url.username).encode(), unquote(url.password or "").encode()
        writer.write(bytes([1, len(user)]) + user + bytes([len(password)]) + password)
        if (await reader.readexactly(2))[1] != 0:
            raise _Refused("it does not take user and password")
    packed = ipaddress.ip_address(address).packed
    kind = _IPV4 if len(packed) == 4 else _IPV6
    writer.write(bytes([_SOCKS_VERSION, 1, 0, kind]) + packed + port.to_bytes(2, "big"))
    answer = await reader.readexactly(4)
    if answer[1] != 0:
        raise _Refused(f"SOCKS says {answer[1]}")
    bound = {_IPV4: 4, _IPV6: 16}.get(answer[3]) or (await reader.readexactly(1))[0]
    await reader.readexactly(bound + 2)
