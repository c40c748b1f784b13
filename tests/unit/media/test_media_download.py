"""A file is fetched whole or not at all: it goes on after a break, and no server can make it grow, wait or lie."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from pathlib import Path

import pytest

from moments_ray.errors import (
    DiskFull,
    DownloadBusy,
    DownloadInterrupted,
    DownloadPrivate,
    DownloadTooLarge,
    DownloadUnavailable,
    MomentsError,
    UrlNotAllowed,
)
from moments_ray.media import http_file
from moments_ray.media.download import download
from moments_ray.media.downloaded import clean_title
from moments_ray.settings import Settings
from tests.unit.media.file_server import BODY, FileServer, fetch, head, left, serving


async def test_a_file_arrives_whole_with_progress_and_title(tmp_path: Path) -> None:
    seen: list[float] = []
    async with serving(FileServer()) as base:
        fetched = await fetch(f"{base}/some/My%20talk.mp4?token=1", tmp_path, seen.append)
    assert fetched.path.read_bytes() == BODY
    assert (fetched.bytes, fetched.title, fetched.captions) == (len(BODY), "My talk", ())
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert left(tmp_path) == {"source": len(BODY)}


async def test_a_broken_download_goes_on_where_it_stopped(tmp_path: Path) -> None:
    server = FileServer()
    async with serving(server) as base:
        server.break_after = 1_500_000
        with pytest.raises(DownloadInterrupted) as caught:
            await fetch(f"{base}/v.mp4", tmp_path)
        assert caught.value.retryable
        server.break_after = None
        fetched = await fetch(f"{base}/v.mp4", tmp_path)
    assert fetched.path.read_bytes() == BODY
    assert server.asked[0] is None
    assert server.asked[1] is not None
    assert int(server.asked[1].removeprefix("bytes=").removesuffix("-")) > 1_000_000


async def test_a_file_that_changed_meanwhile_is_fetched_again(tmp_path: Path) -> None:
    server = FileServer()
    async with serving(server) as base:
        server.break_after = 1_500_000
        with pytest.raises(DownloadInterrupted):
            await fetch(f"{base}/v.mp4", tmp_path)
        server.break_after, server.body, server.etag = None, BODY[::-1], '"two"'
        fetched = await fetch(f"{base}/v.mp4", tmp_path)
    assert fetched.path.read_bytes() == BODY[::-1]


@pytest.mark.parametrize("etag", ['W/"weak"', ""])
async def test_without_a_strong_validator_nothing_is_stitched_together(tmp_path: Path, etag: str) -> None:
    server = FileServer(etag=etag)
    async with serving(server) as base:
        server.break_after = 1_500_000
        with pytest.raises(DownloadInterrupted):
            await fetch(f"{base}/v.mp4", tmp_path)
        server.break_after = None
        await fetch(f"{base}/v.mp4", tmp_path)
    assert server.asked == [None, None]


async def test_another_address_does_not_go_on_with_these_bytes(tmp_path: Path) -> None:
    server = FileServer()
    async with serving(server) as base:
        server.break_after = 1_500_000
        with pytest.raises(DownloadInterrupted):
            await fetch(f"{base}/a.mp4", tmp_path)
        server.break_after = None
        assert (await fetch(f"{base}/b.mp4", tmp_path)).path.read_bytes() == BODY
    assert server.asked == [None, None]


async def test_a_download_that_was_whole_but_not_named_is_taken(tmp_path: Path) -> None:
    server = FileServer()
    async with serving(server) as base:
        server.break_after = 1_500_000
        with pytest.raises(DownloadInterrupted):
            await fetch(f"{base}/v.mp4", tmp_path)
        (tmp_path / "source.part").write_bytes(BODY)
        assert (await fetch(f"{base}/v.mp4", tmp_path)).bytes == len(BODY)


async def test_a_partial_file_longer_than_the_video_is_thrown_away(tmp_path: Path) -> None:
    server = FileServer()
    async with serving(server) as base:
        server.break_after = 1_500_000
        with pytest.raises(DownloadInterrupted):
            await fetch(f"{base}/v.mp4", tmp_path)
        server.break_after = None
        (tmp_path / "source.part").write_bytes(BODY + b"more")
        assert (await fetch(f"{base}/v.mp4", tmp_path)).path.read_bytes() == BODY


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, DownloadPrivate),
        (403, DownloadPrivate),
        (404, DownloadUnavailable),
        (410, DownloadUnavailable),
        (451, DownloadUnavailable),
        (204, DownloadUnavailable),
        (304, DownloadUnavailable),
        (429, DownloadInterrupted),
        (500, DownloadInterrupted),
        (503, DownloadInterrupted),
    ],
)
async def test_the_status_says_whether_another_try_is_worth_it(
    tmp_path: Path, status: int, error: type[MomentsError]
) -> None:
    async def answer(_path: str, _headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        writer.write(head(status, *([] if status in {204, 304} else ["Content-Length: 0"])))

    async with serving(answer) as base:
        with pytest.raises(error):
            await fetch(f"{base}/v.mp4", tmp_path)
    assert left(tmp_path) == {}


async def test_a_busy_host_is_waited_for_as_long_as_it_asks(tmp_path: Path) -> None:
    files, asked = FileServer(), []

    async def answer(path: str, headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        asked.append(path)
        if len(asked) < 3:
            writer.write(head(429, "Retry-After: 0", "Content-Length: 0"))
        else:
            await files(path, headers, writer)

    async with serving(answer) as base:
        assert (await fetch(f"{base}/v.mp4", tmp_path)).bytes == len(BODY)
    assert len(asked) == 3


@pytest.mark.parametrize("value", ["3600", "Fri, 31 Dec 2100 23:59:59 GMT"])
async def test_a_host_that_is_busy_for_long_says_so_at_once(tmp_path: Path, value: str) -> None:
    async def answer(_path: str, _headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        writer.write(head(503, f"Retry-After: {value}", "Content-Length: 0"))

    async with serving(answer) as base:
        with pytest.raises(DownloadBusy, match="asks to come back in"):
            await fetch(f"{base}/v.mp4", tmp_path)


async def test_an_announced_size_over_the_limit_is_refused_before_a_byte(tmp_path: Path) -> None:
    async with serving(FileServer()) as base:
        with pytest.raises(DownloadTooLarge, match="1000000 bytes"):
            await fetch(f"{base}/v.mp4", tmp_path, max_bytes=1_000_000)
    assert left(tmp_path) == {}


async def test_a_body_without_end_stops_at_the_limit(tmp_path: Path) -> None:
    async def answer(_path: str, _headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, "Transfer-Encoding: chunked"))
        while True:
            writer.write(b"10000\r\n" + bytes(65536) + b"\r\n")
            await writer.drain()

    async with serving(answer) as base:
        with pytest.raises(DownloadTooLarge):
            await fetch(f"{base}/v.mp4", tmp_path, max_bytes=3_000_000)
    assert left(tmp_path)["source.part"] < 3_100_000


@pytest.mark.parametrize("announced", [len(BODY) + 1000, len(BODY) - 1000])
async def test_a_length_that_lies_never_gives_a_file_of_another_size(tmp_path: Path, announced: int) -> None:
    async def answer(_path: str, _headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, f"Content-Length: {announced}") + BODY)

    async with serving(answer) as base:
        if announced > len(BODY):
            with pytest.raises(DownloadInterrupted):
                await fetch(f"{base}/v.mp4", tmp_path)
            assert not (tmp_path / "source").exists()
        else:
            # What follows the announced length is no part of the answer.
            with contextlib.suppress(DownloadInterrupted):
                assert (await fetch(f"{base}/v.mp4", tmp_path)).bytes == announced


async def test_a_compressed_body_is_refused(tmp_path: Path) -> None:
    async def answer(_path: str, headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        assert headers["accept-encoding"] == "identity"
        writer.write(head(200, "Content-Encoding: gzip", "Content-Length: 4") + b"\x1f\x8b\x08\0")

    async with serving(answer) as base:
        with pytest.raises(DownloadUnavailable, match="compressed"):
            await fetch(f"{base}/v.mp4", tmp_path)


async def test_an_empty_file_is_no_video(tmp_path: Path) -> None:
    async with serving(FileServer(b"")) as base:
        with pytest.raises(DownloadUnavailable, match="empty"):
            await fetch(f"{base}/v.mp4", tmp_path)


async def drip(_path: str, _headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
    writer.write(head(200, "Content-Length: 1000000"))
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def test_a_trickle_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_file, "SPEED_WINDOW_SECONDS", 0.3)
    async with serving(drip) as base:
        with pytest.raises(DownloadInterrupted, match="1024 bytes a second"):
            await asyncio.wait_for(fetch(f"{base}/v.mp4", tmp_path), 60)


async def test_the_deadline_holds_for_the_whole_download(tmp_path: Path) -> None:
    async with serving(drip) as base:
        with pytest.raises(DownloadInterrupted, match=r"within 0\.5 s"):
            await asyncio.wait_for(fetch(f"{base}/v.mp4", tmp_path, timeout_seconds=0.5), 60)


async def test_nobody_listening_is_worth_another_try(tmp_path: Path) -> None:
    async with serving(FileServer()) as base:
        pass
    with pytest.raises(DownloadInterrupted, match="cannot be reached"):
        await fetch(f"{base}/v.mp4", tmp_path)


async def test_redirects_are_followed_and_bounded(tmp_path: Path) -> None:
    files = FileServer()

    async def answer(path: str, headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        if path == "/v.mp4":
            await files(path, headers, writer)
        else:
            target = "/v.mp4" if path == "/once.mp4" else path
            writer.write(head(302, f"Location: {target}", "Content-Length: 0"))

    async with serving(answer) as base:
        assert (await fetch(f"{base}/once.mp4", tmp_path)).bytes == len(BODY)
        with pytest.raises(DownloadUnavailable, match="redirects too many times"):
            await fetch(f"{base}/for-ever.mp4", tmp_path)


async def test_a_private_address_is_refused_by_default(tmp_path: Path) -> None:
    server = FileServer()
    async with serving(server) as base:
        with pytest.raises(UrlNotAllowed):
            await download(f"{base}/v.mp4", tmp_path, Settings())
    assert server.asked == []


async def test_a_disk_without_room_is_found_out_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1000))
    async with serving(FileServer()) as base:
        with pytest.raises(DiskFull) as caught:
            await fetch(f"{base}/v.mp4", tmp_path)
    assert caught.value.detail == {"free_bytes": 1000, "needed_bytes": len(BODY)}


@pytest.mark.parametrize(
    ("header", "title"),
    [
        ('attachment; filename="Keynote 2026.mp4"', "Keynote 2026"),
        ("attachment; filename*=UTF-8''Se%C3%B1al.mp4", "Señal"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
    ],
)
async def test_the_server_may_name_the_file(tmp_path: Path, header: str, title: str) -> None:
    async def answer(_path: str, _headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, f"Content-Disposition: {header}", "Content-Length: 2") + b"hi")

    async with serving(answer) as base:
        fetched = await fetch(f"{base}/v.mp4", tmp_path)
    assert (fetched.title, fetched.path.name) == (title, "source")


def test_titles_are_cleaned_not_trusted() -> None:
    assert clean_title("a\x00b\nc\x1b[31m \u2028d") == "a b c [31m d"
    assert clean_title("x" * 1000) == "x" * 300
    assert clean_title("\n\t ") is None
    assert clean_title('../../etc; rm -rf "%(x)s" <b>') == '../../etc; rm -rf "%(x)s" <b>'
