"""yt-dlp itself, through our proxy, against a site that a local server plays."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from moments_ray.errors import (
    DownloadBotCheck,
    DownloadInterrupted,
    DownloadLive,
    DownloadPrivate,
    DownloadProxyFailed,
    DownloadTooLarge,
    DownloadUnavailable,
    MediaError,
    MediaLimitsExceeded,
    MomentsError,
    UnsupportedMedia,
    UrlNotAllowed,
)
from moments_ray.media import egress, site_tool
from moments_ray.media.download import download
from moments_ray.media.downloaded import Downloaded
from moments_ray.media.javascript import ADDRESS_SPACE_BYTES, data_bytes, deno_executable, deno_variables
from moments_ray.media.probe import probe
from moments_ray.media.process import run_tool
from moments_ray.media.site_signals import read_site_signals
from moments_ray.media.site_tool import SiteTool
from moments_ray.settings import DownloadSettings, MediaSettings, Settings
from moments_ray.testing.media import make_video, run_ffmpeg

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


@pytest.fixture
async def site(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    """The network's edge: whatever the proxy connects to is this server."""
    site = Site()
    server = await asyncio.start_server(site.handle, "127.0.0.1", 0)
    site.port = port = server.sockets[0].getsockname()[1]

    async def connect(_addresses: tuple[str, ...], _port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", port)

    monkeypatch.setattr(egress, "_connect", connect)
    async with server:
        yield site


async def everything_is_here(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


async def fetch(url: str, directory: Path, settings: Settings = SETTINGS, **options: Any) -> Downloaded:
    return await download(url, directory, settings, resolver=everything_is_here, **options)


@pytest.fixture
def video(tmp_path: Path) -> bytes:
    return make_video(tmp_path / "made.mp4", seconds=1).read_bytes()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "download"
    path.mkdir()
    return path


async def test_a_video_comes_from_its_site_under_our_name(site: Site, directory: Path, video: bytes) -> None:
    site.files = {"http://www.ebaumsworld.com/video/player/123": DESCRIPTION.encode(), "http://media.test/v.mp4": video}
    seen: list[float] = []
    fetched = await fetch(PAGE, directory, on_progress=seen.append)
    assert fetched.path.read_bytes() == video
    assert fetched.path.name == "source.mp4"
    assert (fetched.title, fetched.site, fetched.site_id) == ("A talk ; rm -rf / %(id)s", "EbaumsWorld", "123")
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


async def test_a_site_cannot_send_us_inside(site: Site, directory: Path) -> None:
    inside = DESCRIPTION.replace("media.test", "169.254.169.254")
    site.files = {"http://www.ebaumsworld.com/video/player/123": inside.encode()}

    async def resolve(host: str, _port: int) -> Sequence[str]:
        return ["169.254.169.254"] if host.startswith("169") else ["8.8.8.8"]

    with pytest.raises(UrlNotAllowed, match=r"169\.254\.169\.254"):
        await download(PAGE, directory, Settings(), resolver=resolve)
    assert not any("169" in url for url in site.asked)


async def test_a_video_over_the_limit_is_refused(site: Site, directory: Path, video: bytes) -> None:
    site.files = {"http://www.ebaumsworld.com/video/player/123": DESCRIPTION.encode(), "http://media.test/v.mp4": video}
    small = Settings(download=DownloadSettings(allow_private_addresses=True, max_bytes=1000))
    with pytest.raises(DownloadTooLarge):
        await fetch(PAGE, directory, small)


@pytest.mark.parametrize(
    ("status", "error"), [(404, DownloadUnavailable), (403, DownloadPrivate), (503, DownloadInterrupted)]
)
async def test_a_site_that_refuses_is_understood(
    site: Site, directory: Path, status: int, error: type[MomentsError]
) -> None:
    site.status = status
    with pytest.raises(error):
        await fetch(PAGE, directory)


async def test_cancelling_ends_yt_dlp(site: Site, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reached = asyncio.Event()

    async def hang(*_: object) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reached.set()
        await asyncio.sleep(60)
        raise AssertionError

    monkeypatch.setattr(egress, "_connect", hang)
    task = asyncio.create_task(fetch(PAGE, directory))
    await asyncio.wait_for(reached.wait(), 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)


@pytest.fixture
def described(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What yt-dlp would have found out about a video; tests add to it."""
    info: dict[str, Any] = {
        "id": "abc",
        "title": "Described",
        "extractor": "youtube",
        "extractor_key": "Youtube",
        "webpage_url": "http://media.test/watch",
        "language": "de",
        "formats": [],
    }

    async def describe(self: SiteTool, _url: str) -> dict[str, Any]:
        self._description.write_text(json.dumps(info))
        return info

    monkeypatch.setattr(SiteTool, "describe", describe)
    return info


async def test_picture_and_sound_that_a_site_keeps_apart_are_joined(
    site: Site, directory: Path, described: dict[str, Any], tmp_path: Path
) -> None:
    whole = make_video(tmp_path / "made.mp4", seconds=2)
    run_ffmpeg(["-i", whole, "-map", "0:v", "-c", "copy", tmp_path / "v.mp4"])
    run_ffmpeg(["-i", whole, "-map", "0:a", "-c:a", "libopus", tmp_path / "a.webm"])
    for name in ("v.mp4", "a.webm"):
        site.files[f"http://media.test/{name}"] = (tmp_path / name).read_bytes()
    described["formats"] = [
        {"format_id": "251", "url": "http://media.test/a.webm", "ext": "webm", "vcodec": "none", "acodec": "opus"},
        {"format_id": "137", "url": "http://media.test/v.mp4", "ext": "mp4", "vcodec": "avc1", "acodec": "none"}
        | {"height": 180, "width": 320},
    ]
    fetched = await fetch("http://media.test/watch", directory)
    info = await probe(fetched.path, MediaSettings())
    assert (info.codec, info.audio_tracks[0].codec) == ("h264", "opus")
    assert info.duration == pytest.approx(2, abs=0.1)
    assert fetched.bytes == fetched.path.stat().st_size


async def test_captions_of_people_and_of_the_sites_recogniser_come_along(
    site: Site, directory: Path, described: dict[str, Any], video: bytes
) -> None:
    for name, body in {"v.mp4": video, "de.vtt": VTT, "en.json3": b'{"events": []}', "auto.vtt": VTT}.items():
        site.files[f"http://media.test/{name}"] = body
    described["formats"] = [{"format_id": "1", "url": "http://media.test/v.mp4", "ext": "mp4"}]
    described["subtitles"] = {
        "en": [{"url": "http://media.test/en.json3", "ext": "json3"}],
        "de": [{"url": "http://media.test/de.vtt", "ext": "vtt"}],
        "live_chat": [{"url": "http://media.test/chat", "ext": "json"}],
    }
    described["automatic_captions"] = {
        "de-orig": [{"url": "http://media.test/auto.vtt", "ext": "vtt"}],
        "fr": [{"url": "http://media.test/never.vtt", "ext": "vtt"}],
    }
    fetched = await fetch("http://media.test/watch", directory)
    assert [(entry.language, entry.automatic, entry.path.suffix) for entry in fetched.captions] == [
        ("de", False, ".vtt"),
        ("en", False, ".json3"),
        ("de", True, ".vtt"),
    ]
    assert fetched.captions[0].path.read_bytes() == VTT
    assert "http://media.test/never.vtt" not in site.asked


async def test_a_stream_that_hides_its_size_stops_at_the_limit(
    site: Site, directory: Path, described: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site_tool, "_MAX_INFO_BYTES", 100_000)
    site.files["http://media.test/v.mp4"] = bytes(2_000_000)
    site.announces_length = False
    described["formats"] = [{"format_id": "1", "url": "http://media.test/v.mp4", "ext": "mp4"}]
    small = Settings(download=DownloadSettings(allow_private_addresses=True, max_bytes=500_000))
    with pytest.raises(DownloadTooLarge, match="500000 bytes"):
        await fetch("http://media.test/watch", directory, small)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"duration": 100_000}, MediaLimitsExceeded),
        ({"is_live": True}, DownloadLive),
        ({"live_status": "is_upcoming"}, DownloadLive),
        ({"playlist_count": 12}, UnsupportedMedia),
    ],
)
async def test_what_cannot_be_used_is_not_fetched(
    site: Site, directory: Path, described: dict[str, Any], fields: dict[str, Any], error: type[MomentsError]
) -> None:
    described.update(fields)
    with pytest.raises(error):
        await fetch("http://media.test/watch", directory)
    assert site.asked == []


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


@pytest.fixture(params=["http", "socks5"])
async def upstream(site: Site, request: pytest.FixtureRequest) -> AsyncIterator[UpstreamProxy]:
    proxy = UpstreamProxy(site)
    server = await asyncio.start_server(proxy.http if request.param == "http" else proxy.socks, "127.0.0.1", 0)
    proxy.url = f"{request.param}://user:p%3Aass@127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield proxy


def with_site(**values: object) -> Settings:
    return Settings.model_validate(
        {"download": {"allow_private_addresses": True}, "sites": {"ebaumsworld.com": values}}
    )


async def test_a_site_is_asked_through_the_proxy_that_is_set_for_it(
    site: Site, upstream: UpstreamProxy, directory: Path, video: bytes
) -> None:
    site.files = {"http://www.ebaumsworld.com/video/player/123": DESCRIPTION.encode(), "http://media.test/v.mp4": video}
    fetched = await fetch(PAGE, directory, with_site(proxies=[upstream.url]))
    assert fetched.path.read_bytes() == video
    assert set(upstream.asked) == {"127.0.0.1:80"}  # the address that was checked, not a name


async def test_a_proxy_that_does_not_connect_is_named_without_its_password(
    site: Site, directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = with_site(proxies=["http://user:p%3Aass@127.0.0.1:9"])
    with pytest.raises(DownloadProxyFailed, match="MOMENTS_SITES") as failed:
        await fetch(PAGE, directory, settings)
    assert site.asked == []
    shown = f"{failed.value} {failed.value.detail} {settings!r} {settings.model_dump_json()} {caplog.text}"
    assert "ass" not in shown.replace("class", "").replace("password", "").replace("pass", "")


async def test_secrets_of_a_site_reach_it_and_no_argument_log_or_file(
    site: Site, directory: Path, video: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.files = {"http://www.ebaumsworld.com/video/player/123": DESCRIPTION.encode(), "http://media.test/v.mp4": video}
    cookies = tmp_path / "cookies.txt"
    text = "# Netscape HTTP Cookie File\n.ebaumsworld.com\tTRUE\t/\tFALSE\t4102444800\tsession\ts3cret\n"
    cookies.write_text(text)
    argued: list[str] = []
    told: list[bytes] = []

    async def watched(argv: Sequence[str], **options: Any) -> Any:
        argued.extend(argv)
        told.append(options["stdin"])
        return await run_tool(argv, **options)

    monkeypatch.setattr(site_tool, "run_tool", watched)
    settings = with_site(
        cookies_path=cookies,
        extractor_args={"youtube": {"po_token": ["web.gvs+t0ken", "mweb.gvs+t0ken"], "player_client": ["mweb"]}},
    )
    await fetch(PAGE, directory, settings)
    assert site.cookies
    assert all("session=s3cret" in line for line in site.cookies)
    assert b"youtube:po_token=web.gvs+t0ken,mweb.gvs+t0ken;player_client=mweb" in told[0]
    assert not any(secret in word for word in argued for secret in ("s3cret", "t0ken", str(cookies)))
    assert "t0ken" not in repr(settings)
    assert cookies.read_text() == text  # yt-dlp writes to the file it is given, so it got another one
    assert not (directory / "cookies.txt").exists()


@pytest.fixture
def checked_for_robots(monkeypatch: pytest.MonkeyPatch, site: Site) -> list[str]:
    """A site that takes whoever comes by the first proxy for a robot."""
    ways: list[str] = []
    describe = SiteTool.describe

    async def suspicious(self: SiteTool, url: str) -> dict[str, Any] | None:
        ways.append("asked")
        if len(ways) == 1:
            raise DownloadBotCheck
        return await describe(self, url)

    monkeypatch.setattr(SiteTool, "describe", suspicious)
    return ways


async def test_after_a_bot_check_another_proxy_is_taken(
    site: Site, upstream: UpstreamProxy, directory: Path, video: bytes, checked_for_robots: list[str]
) -> None:
    site.files = {"http://www.ebaumsworld.com/video/player/123": DESCRIPTION.encode(), "http://media.test/v.mp4": video}
    fetched = await fetch(PAGE, directory, with_site(proxies=[upstream.url, upstream.url]))
    assert fetched.path.read_bytes() == video
    assert len(checked_for_robots) == 2


async def test_a_bot_check_without_another_proxy_says_what_to_do(
    site: Site, directory: Path, checked_for_robots: list[str]
) -> None:
    with pytest.raises(DownloadBotCheck):
        await fetch(PAGE, directory)
    assert len(checked_for_robots) == 1


async def test_every_visit_of_a_site_waits_for_its_turn(site: Site, directory: Path, video: bytes) -> None:
    site.files = {"http://www.ebaumsworld.com/video/player/123": DESCRIPTION.encode(), "http://media.test/v.mp4": video}
    asked_before: list[int] = []

    async def turn() -> None:
        asked_before.append(len(site.asked))

    await fetch(PAGE, directory, before_request=turn)
    assert asked_before == [0, 1]  # before it is described, and before it is fetched


async def test_chapters_and_replays_come_along(
    site: Site, directory: Path, described: dict[str, Any], video: bytes
) -> None:
    site.files["http://media.test/v.mp4"] = video
    described["formats"] = [{"format_id": "1", "url": "http://media.test/v.mp4", "ext": "mp4"}]
    described["chapters"] = [
        {"start_time": 0, "end_time": 4, "title": "Why\x00 bread"},
        {"start_time": 4.0, "end_time": 9, "title": "The oven"},
        {"start_time": 20, "end_time": 30, "title": "After the end"},
    ]
    described["heatmap"] = [{"start_time": n, "end_time": n + 1, "value": n / 10} for n in range(10)]
    fetched = await fetch("http://media.test/watch", directory)
    signals = read_site_signals(fetched.about, 10.0)
    assert [(each.start_time, each.end_time, each.title) for each in signals.chapters] == [
        (0.0, 4.0, "Why bread"),
        (4.0, 9.0, "The oven"),
    ]
    assert [piece.value for piece in signals.replays] == [n / 10 for n in range(10)]


async def in_the_limits_of_a_site(argv: Sequence[str], directory: Path) -> str:
    engine = deno_executable()
    assert engine is not None
    limits = MediaSettings()
    ran = await run_tool(
        [*argv],
        timeout=60,
        settings=limits,
        cwd=directory,
        memory_bytes=ADDRESS_SPACE_BYTES,
        data_bytes=data_bytes(limits),
        network=True,
        variables=deno_variables(str(directory / "deno")),
    )
    return ran.stdout


async def test_yt_dlp_finds_the_engine_of_the_wheel(directory: Path) -> None:
    argv = [sys.executable, "-m", "yt_dlp", "-v", "--ignore-config", "--js-runtimes", f"deno:{deno_executable()}"]
    with pytest.raises(MediaError) as failed:
        await in_the_limits_of_a_site([*argv, "--simulate", "--ies", "youtube", "http://127.0.0.1:9/v"], directory)
    assert "JS runtimes: deno-2" in str(failed.value.detail["stderr"])


@pytest.mark.slow
async def test_a_script_that_eats_memory_ends_by_that(directory: Path) -> None:
    greedy = "const held = []; for (let n = 0; n < 60; n++) held.push(new Array(5e6).fill(n)); console.log('fed')"
    with pytest.raises(MomentsError):
        await in_the_limits_of_a_site([str(deno_executable()), "eval", "--no-config", greedy], directory)
