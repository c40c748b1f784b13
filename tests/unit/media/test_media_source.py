"""Every source is opened as a file of a container we read, whatever its name or content says."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from moments_ray.errors import MediaError, SourceNotFound, UnsupportedMedia
from moments_ray.media.process import ffmpeg_executable, run_tool
from moments_ray.media.source import FFMPEG_GLOBAL_ARGUMENTS, ffmpeg_input_arguments, source_options, source_url
from moments_ray.settings import MediaSettings
from moments_ray.testing.media import make_video

SETTINGS = MediaSettings(kill_grace_seconds=0.3)


async def decode(path: Path, settings: MediaSettings = SETTINGS) -> None:
    """Decode a whole file to nothing, by ffmpeg under the rule for sources."""
    argv = [ffmpeg_executable(), *FFMPEG_GLOBAL_ARGUMENTS, *ffmpeg_input_arguments(path, settings)]
    await run_tool([*argv, "-map", "0:v", "-f", "null", "-"], timeout=20, settings=settings)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return make_video(tmp_path / "video.mp4", seconds=0.5)


@pytest.mark.parametrize(
    "name",
    [
        "-i.mp4",
        "concat:a|b.mp4",
        "http:x.mp4",
        "%d %(title)s;rm -rf $HOME.mp4",
        "a\nb'c\"d\\.mp4",
        "пример 例.mp4",
        "|sh.mp4",
    ],
)
async def test_no_name_is_taken_for_anything_but_a_name(video: Path, name: str) -> None:
    await decode(video.rename(video.with_name(name)))


async def test_a_script_opens_nothing(video: Path) -> None:
    touched = asyncio.Event()
    server = await asyncio.start_server(lambda _reader, _writer: touched.set(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        os.utime(video, (1, 1))
        for content in (
            f"ffconcat version 1.0\nfile {video}\n",
            f"#EXTM3U\n#EXTINF:10,\n{video}\n#EXT-X-ENDLIST\n",
            f"#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:{port}/a.ts\n#EXT-X-ENDLIST\n",
        ):
            evil = video.with_name("evil.mp4")
            evil.write_text(content)
            with pytest.raises(MediaError):
                await decode(evil)
    assert video.stat().st_atime == 1
    assert not touched.is_set()


async def test_pictures_over_the_limit_are_not_decoded(video: Path) -> None:
    with pytest.raises(MediaError):
        await decode(video, SETTINGS.model_copy(update={"max_pixels": 320 * 179}))


def test_only_regular_files_with_something_in_them_have_a_url(tmp_path: Path, video: Path) -> None:
    assert source_url(video) == f"file:{video}"
    link = tmp_path / "link.mp4"
    link.symlink_to(video)
    assert source_url(link) == f"file:{video}"
    (tmp_path / "empty.mp4").touch()
    os.mkfifo(tmp_path / "fifo.mp4")
    for path in (tmp_path, tmp_path / "empty.mp4", tmp_path / "fifo.mp4", Path("/dev/zero")):
        with pytest.raises(UnsupportedMedia):
            source_url(path)
    with pytest.raises(SourceNotFound):
        source_url(tmp_path / "none.mp4")


def test_what_a_child_gets_holds_every_limit(video: Path) -> None:
    options = source_options(video, SETTINGS)
    assert options["container_options"]["protocol_whitelist"] == "file"
    formats = options["container_options"]["format_whitelist"].split(",")
    assert not {"concat", "hls", "dash", "lavfi", "image2", "sdp", "rtsp", "tty"} & set(formats)
    assert (options["max_pixels"], options["max_streams"]) == (SETTINGS.max_pixels, SETTINGS.max_streams)
