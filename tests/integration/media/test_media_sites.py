"""yt-dlp itself, through our proxy, against a site that a local server plays."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from moments_ray.errors import (
    DownloadInterrupted,
    DownloadLive,
    DownloadPrivate,
    DownloadTooLarge,
    DownloadUnavailable,
    MediaLimitsExceeded,
    MomentsError,
    UnsupportedMedia,
    UrlNotAllowed,
)
from moments_ray.media import egress
from moments_ray.media.download import download
from moments_ray.media.probe import probe
from moments_ray.media.site_signals import read_site_signals
from moments_ray.settings import DownloadSettings, MediaSettings, Settings
from moments_ray.testing.media import make_video, run_ffmpeg
from tests.integration.media.sites import DESCRIPTION, PAGE, VTT, Site, fetch


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
    site: Site, directory: Path, described: dict[str, Any]
) -> None:
    site.files["http://media.test/v.mp4"] = bytes(80_000_000)  # what a site says of a video may have 64 MiB
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
