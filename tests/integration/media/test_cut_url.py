"""Clips are cut from a URL by reading the index and what they need, and nothing else."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from moments_ray.errors import DownloadBusy, DownloadPrivate, DownloadUnavailable, UnsupportedMedia, UrlNotAllowed
from moments_ray.media.cut import Clip, CutRange, RemoteCut, cut_clips_of_url
from moments_ray.settings import DownloadSettings, Settings
from moments_ray.testing.numbered import make_numbered_video, read_numbers

GROUPS = {"preset": "ultrafast", "g": "50", "keyint_min": "50", "sc_threshold": "0", "b": "4M", "bf": "2"}


class Server(ThreadingHTTPServer):
    """Serves one file in ranges, counting the bytes it sends; it can be told to misbehave."""

    def __init__(self, file: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.data = file.read_bytes()
        self.sent = 0
        self.requests = 0
        self.whole_only = False
        self.status = 206
        self.failures = 0
        self.circle = False
        self.retry_after: str | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/talk.mp4?signature=secret"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server = self.server
        server.requests += 1
        if server.failures:
            server.failures -= 1
            if server.retry_after is None:
                self.send_error(503)
                return
            self.send_response(429)
            self.send_header("Retry-After", server.retry_after)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if server.circle:
            self.send_response(302)
            self.send_header("Location", self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"])
        assert wanted is not None
        begin, end = int(wanted[1]), min(int(wanted[2]), len(server.data) - 1)
        part = server.data if server.whole_only else server.data[begin : end + 1]
        self.send_response(200 if server.whole_only else server.status)
        self.send_header("ETag", '"v1"')
        self.send_header("Content-Length", str(len(part)))
        if not server.whole_only:
            self.send_header("Content-Range", f"bytes {begin}-{end}/{len(server.data)}")
        self.end_headers()
        server.sent += len(part)
        self.wfile.write(part)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty seconds of 4 Mbit/s."""
    path = tmp_path_factory.mktemp("talk") / "talk.mp4"
    return make_numbered_video(path, frames=1000, size=(320, 180), options=GROUPS, noisy=True)


@pytest.fixture
def server(talk: Path) -> Iterator[Server]:
    server = Server(talk)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def settings(*, private: bool = True) -> Settings:
    return Settings(download=DownloadSettings(allow_private_addresses=private), _env_file=None)


async def cut(server: Server, directory: Path, *ranges: tuple[float, float]) -> RemoteCut:
    wanted = [CutRange(name=f"clip-{number}", start=start, end=end) for number, (start, end) in enumerate(ranges)]
    return await cut_clips_of_url(server.url, wanted, directory, settings=settings(), threads=1, timeout=120)


async def test_only_the_index_and_the_clips_are_read(server: Server, tmp_path: Path) -> None:
    answer = await cut(server, tmp_path, (10.11, 20.13), (25.5, 35.5))
    for clip, first in zip(answer.clips, (253, 638), strict=True):
        assert isinstance(clip, Clip), clip
        assert clip.method == "smart"
        numbers = [number for _, number in read_numbers(clip.path)]
        assert numbers == list(range(first, first + clip.frames))
    assert answer.source_bytes == len(server.data)
    assert answer.fetched_bytes == server.sent
    index = server.data.index(b"mdat") if server.data.index(b"moov") < server.data.index(b"mdat") else 0
    index = index or len(server.data) - server.data.rindex(b"moov")
    needed = len(server.data) * 20 / 40 + index
    assert answer.fetched_bytes <= 1.3 * needed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip-0.mp4", "clip-1.mp4"]


async def test_a_host_that_stumbles_is_asked_again(server: Server, tmp_path: Path) -> None:
    server.failures = 2
    answer = await cut(server, tmp_path, (1.0, 2.0))
    assert isinstance(answer.clips[0], Clip)


async def test_a_busy_host_is_waited_for_as_long_as_it_asks(server: Server, tmp_path: Path) -> None:
    server.failures, server.retry_after = 2, "1"
    answer = await cut(server, tmp_path, (1.0, 2.0))
    assert isinstance(answer.clips[0], Clip)


async def test_a_host_that_is_busy_for_an_hour_is_told_and_not_waited_for(server: Server, tmp_path: Path) -> None:
    server.failures, server.retry_after = 100, "3600"
    with pytest.raises(DownloadBusy, match=r"too many requests \(HTTP 429\) and asks to come back in 3600 s"):
        await cut(server, tmp_path, (1.0, 2.0))
    assert server.requests == 1


async def test_a_circle_of_redirects_is_told_as_such(server: Server, tmp_path: Path) -> None:
    server.circle = True
    with pytest.raises(DownloadUnavailable, match="redirects too many times"):
        await cut(server, tmp_path, (1.0, 2.0))


async def test_a_host_that_sends_whole_files_only_is_said_to(server: Server, tmp_path: Path) -> None:
    server.whole_only = True
    with pytest.raises(DownloadUnavailable, match="download the video first"):
        await cut(server, tmp_path, (1.0, 2.0))
    assert list(tmp_path.iterdir()) == []


async def test_a_refusal_is_no_puzzle(server: Server, tmp_path: Path) -> None:
    server.status = 403
    with pytest.raises(DownloadPrivate):
        await cut(server, tmp_path, (1.0, 2.0))


async def test_what_is_no_video_is_refused_by_its_first_bytes(server: Server, tmp_path: Path) -> None:
    server.data = b"ffconcat version 1.0\nfile /etc/passwd\n" * 10000
    with pytest.raises(UnsupportedMedia):
        await cut(server, tmp_path, (1.0, 2.0))
    assert server.sent < len(server.data)


async def test_the_guard_stands_before_the_first_request(server: Server, tmp_path: Path) -> None:
    wanted = [CutRange(name="clip", start=1, end=2)]
    with pytest.raises(UrlNotAllowed):
        await cut_clips_of_url(server.url, wanted, tmp_path, settings=settings(private=False), threads=1, timeout=30)
    assert server.requests == 0
