"""Only public hosts are reached, by the addresses that were checked, at every hop; nothing else gets a packet."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence

import httpx
import pytest

from moments_ray.errors import DownloadInterrupted, DownloadUnavailable, UrlNotAllowed
from moments_ray.media import guard
from moments_ray.media.guard import canonical_url, check_url, guarded_client, is_public
from moments_ray.settings import DownloadSettings
from tests.unit.media.hosts import SETTINGS, listening, resolving

REFUSED = [
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/",
    "ftp://127.0.0.1/",
    "data:text/plain,hello",
    "javascript:alert(1)",
    "//127.0.0.1:{port}/",
    "http://",
    "http:///etc/passwd",
    "http://./",
    "no url at all",
    "",
    "http://127.0.0.1:{port}/",
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://①②⑦.⓪.⓪.①/",
    "http://0.0.0.0/",
    "http://0/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://240.0.0.1/",
    "http://198.18.0.1/",
    "http://192.0.2.1/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[64:ff9b:1::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a9fe:a9fe::]/",
    "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]/",
    "http://[fe80::1]/",
    "http://[fc00::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://localhost/",
    "http://LOCALHOST./",
    "http://sub.localhost/",
    "http://metadata.google.internal/computeMetadata/v1/",
    "http://metadata/",
    "http://printer.local/",
    "http://8.8.8.8:22/",
    "http://8.8.8.8:6379/",
    "http://user@8.8.8.8/",
    "http://user:password@8.8.8.8/",
    "http://8.8.8.8@127.0.0.1:{port}/",
    "http://evil.com\t.internal/",
    "http://evil.com\n.internal/",
    "http://8.8.8.8/" + "a" * 5000,
]


@pytest.fixture
def one_public_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """127.0.0.1 counts as public, 127.0.0.2 as what it is."""
    monkeypatch.setattr(
        guard, "is_public", lambda address: address == ipaddress.ip_address("127.0.0.1") or is_public(address)
    )


@pytest.mark.parametrize("url", REFUSED)
async def test_what_is_not_public_is_refused_and_gets_no_packet(url: str) -> None:
    async with listening() as (port, heads), guarded_client(SETTINGS) as client:
        with pytest.raises((UrlNotAllowed, DownloadUnavailable)):
            await check_url(url.format(port=port), SETTINGS)
        with pytest.raises((UrlNotAllowed, DownloadUnavailable, httpx.HTTPError, httpx.InvalidURL)):
            await client.get(url.format(port=port))
        await asyncio.sleep(0)
        assert heads == []


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1", "64:ff9b::808:808"])
async def test_public_addresses_are_allowed(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))
    resolve, _ = resolving([address])
    destination = await check_url("https://example.com/v.mp4", SETTINGS, resolve)
    assert (destination.addresses, destination.port) == ((address,), 443)


async def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    resolve, _ = resolving(["8.8.8.8", "10.0.0.1"])
    with pytest.raises(UrlNotAllowed, match=r"10\.0\.0\.1"):
        await check_url("https://example.com/", SETTINGS, resolve)


async def test_private_addresses_are_at_any_port_where_they_are_allowed_and_public_ones_are_not() -> None:
    allowed = DownloadSettings(allow_private_addresses=True)
    inside, _ = resolving(["10.0.0.1"])
    assert (await check_url("http://store.test:9000/v.mp4", allowed, inside)).port == 9000
    outside, _ = resolving(["8.8.8.8"])
    with pytest.raises(UrlNotAllowed, match="Port 9000"):
        await check_url("http://example.com:9000/v.mp4", allowed, outside)
    both, _ = resolving(["10.0.0.1", "8.8.8.8"])
    with pytest.raises(UrlNotAllowed, match="Port 9000"):
        await check_url("http://example.com:9000/v.mp4", allowed, both)


async def test_a_name_that_rebinds_is_connected_to_by_its_first_address() -> None:
    resolve, asked = resolving(["127.0.0.1"], ["127.0.0.2"])
    settings = DownloadSettings(allow_private_addresses=True)
    async with listening() as (port, heads), listening(host="127.0.0.2", port=port) as (_, untouched):
        async with guarded_client(settings, resolve) as client:
            response = await client.get(f"http://rebinding.test:{port}/path?q=1")
        assert response.text == "hi"
        assert asked == ["rebinding.test"]
        assert b"GET /path?q=1 HTTP/1.1" in heads[0]
        assert f"host: rebinding.test:{port}".encode() in heads[0].lower()
        assert untouched == []


@pytest.mark.usefixtures("one_public_loopback")
@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.2:{port}/", "http://inside.test:{port}/", "file:///etc/passwd", "http://a:b@x.test:{port}/"],
)
async def test_a_redirect_is_checked_like_the_first_url(target: str) -> None:
    async def resolve(host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"] if host in {"outside.test", "x.test"} else ["127.0.0.2"]

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    location = target.format(port=port).encode()
    answer = b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
    settings = DownloadSettings(allowed_ports=(port,))
    async with listening(answer, port=port) as (_, heads), listening(host="127.0.0.2", port=port) as (_, untouched):
        async with guarded_client(settings, resolve) as client:
            with pytest.raises(UrlNotAllowed):
                await client.get(f"http://outside.test:{port}/")
        assert len(heads) == 1
        assert untouched == []


async def test_redirects_without_end_are_given_up() -> None:
    settings = DownloadSettings(allow_private_addresses=True, max_redirects=5)
    async with listening(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n") as (port, heads):
        async with guarded_client(settings) as client:
            with pytest.raises(httpx.TooManyRedirects):
                await client.get(f"http://127.0.0.1:{port}/")
        assert len(heads) == 6


async def test_the_environments_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening() as (proxy, untouched), listening() as (port, _):
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy}")
        async with guarded_client(DownloadSettings(allow_private_addresses=True)) as client:
            assert (await client.get(f"http://127.0.0.1:{port}/")).text == "hi"
        assert untouched == []


async def test_unknown_and_silent_names_are_told_apart() -> None:
    async def unknown(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    async def silent(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    with pytest.raises(DownloadUnavailable, match="no host named"):
        await check_url("https://nowhere.example/", SETTINGS, unknown)
    with pytest.raises(DownloadInterrupted):
        await check_url("https://nowhere.example/", SETTINGS, silent)


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("HTTP://Example.COM:80", "http://example.com/"),
        ("https://example.com:443/a?b=1#t=3", "https://example.com/a?b=1"),
        ("https://example.com.:8443/a", "https://example.com:8443/a"),
        (" https://example.com/A%20b ", "https://example.com/A%20b"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://youtu.be/dQw4w9WgXcQ?t=10", "https://www.youtube.com/watch?v=dQw4w9WgXcQ"),
        ("http://m.youtube.com/watch?list=x&v=dQw4w9WgXcQ&t=1", "https://www.youtube.com/watch?v=dQw4w9WgXcQ"),
        ("https://youtube.com/shorts/dQw4w9WgXcQ", "https://www.youtube.com/watch?v=dQw4w9WgXcQ"),
        ("https://www.youtube.com/embed/dQw4w9WgXcQ?rel=0", "https://www.youtube.com/watch?v=dQw4w9WgXcQ"),
        ("https://www.youtube.com/live/dQw4w9WgXcQ", "https://www.youtube.com/watch?v=dQw4w9WgXcQ"),
        ("https://www.youtube.com/playlist?list=PL1", "https://www.youtube.com/playlist?list=PL1"),
        ("https://youtu.be/", "https://youtu.be/"),
        ("https://evil.example/watch?v=dQw4w9WgXcQ", "https://evil.example/watch?v=dQw4w9WgXcQ"),
    ],
)
def test_one_video_has_one_url(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical
    assert canonical_url(canonical) == canonical


@pytest.mark.parametrize(
    ("query", "lasting"),
    [
        ("?utm_source=a&v=1&UTM_Campaign=b", "?v=1"),
        ("?share=1", ""),
        ("?feature=shared&id=%2F+7&fbclid=x", "?id=%2F+7"),
        ("?shared=1&features=2", "?shared=1&features=2"),
        ("?b=2&a=1", "?b=2&a=1"),
        (
            "?X-Amz-Algorithm=AWS4&X-Amz-Date=20260101T000000Z&X-Amz-Expires=60&X-Amz-Signature=ab&versionId=3",
            "?versionId=3",
        ),
        ("?X-Goog-Credential=a%2Fb&X-Goog-Signature=0f", ""),
        ("?Expires=17&Signature=a~b&Key-Pair-Id=K", ""),
        ("?sv=2024-01-01&se=2026-01-01&sr=b&sp=r&sig=ab%3D&page=2", "?page=2"),
        ("?expires=17&policy=open&se=1", "?expires=17&policy=open&se=1"),
    ],
)
def test_where_a_link_was_found_and_a_signature_that_expires_make_no_other_video(query: str, lasting: str) -> None:
    assert canonical_url(f"https://example.org/talk.mp4{query}") == f"https://example.org/talk.mp4{lasting}"
