"""yt-dlp itself, through our proxy, against a site that a local server plays."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from moments_ray.errors import (
    DownloadError,
    DownloadInterrupted,
    DownloadPrivate,
    DownloadTooLarge,
    DownloadUnavailable,
    MediaError,
    MediaLimitsExceeded,
    MomentsError,
    UnsupportedMedia,
    UrlNotAllowed,
)
from moments_ray.media import egress, sites
from moments_ray.media.download import download
from moments_ray.media.downloaded import Downloaded
from moments_ray.media.egress import EgressProxy
from moments_ray.media.probe import probe
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
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
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
    port = server.sockets[0].getsockname()[1]

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

    async def describe(self: sites._Site, _url: str) -> dict[str, Any]:
        self._description.write_text(json.dumps(info))
        return info

    monkeypatch.setattr(sites._Site, "describe", describe)
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
    monkeypatch.setattr(sites, "_MAX_INFO_BYTES", 100_000)
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
        ({"is_live": True}, DownloadUnavailable),
        ({"live_status": "is_upcoming"}, DownloadUnavailable),
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


@pytest.mark.parametrize(
    ("complaint", "error"),
    [
        ("ERROR: [youtube] x: Private video. Sign in if you've been granted access to this video.", DownloadPrivate),
        ("ERROR: [youtube] x: Join this channel to get access to members-only content", DownloadPrivate),
        ("ERROR: [youtube] x: Sign in to confirm you're not a bot.", DownloadPrivate),
        ("ERROR: [youtube] x: Video unavailable. This video has been removed by the uploader", DownloadUnavailable),
        ("ERROR: [vimeo] x: HTTP Error 404: Not Found", DownloadUnavailable),
        ("ERROR: [youtube] x: The uploader has not made this video available in your country", DownloadUnavailable),
        ("ERROR: unable to download video data: HTTP Error 503: Service Unavailable", DownloadInterrupted),
        ("ERROR: [x] Unable to download webpage: The read operation timed out", DownloadInterrupted),
        ("ERROR: [x] Unable to extract something else entirely", DownloadError),
    ],
)
async def test_a_complaint_is_put_in_our_terms(directory: Path, complaint: str, error: type[MomentsError]) -> None:
    site = sites._Site(directory, SETTINGS, EgressProxy())
    meaning = site._meaning(MediaError("yt-dlp failed", {"stderr": f"WARNING: private\n{complaint}\n"}))
    assert type(meaning) is error
