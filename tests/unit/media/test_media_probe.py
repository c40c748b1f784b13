"""A source is measured right, or refused with the reason; nothing it names is ever opened."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from moments_ray.errors import (
    MediaLimitsExceeded,
    MediaTruncated,
    MomentsError,
    ObjectMissing,
    SourceNotFound,
    UnsupportedMedia,
)
from moments_ray.media.native.source import open_source
from moments_ray.media.probe import probe
from moments_ray.media.source import source_options
from moments_ray.settings import MediaSettings
from moments_ray.testing.media import make_video, run_ffmpeg

SETTINGS = MediaSettings()


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("probe") / "video.mp4", seconds=2)


@pytest.fixture
def content(video: Path) -> bytes:
    return video.read_bytes()


@pytest.mark.parametrize(
    ("suffix", "codec", "container"),
    [
        ("mp4", "h264", "mov,mp4,m4a,3gp,3g2,mj2"),
        ("mov", "hevc", "mov,mp4,m4a,3gp,3g2,mj2"),
        ("mkv", "h264", "matroska,webm"),
        ("webm", "vp9", "matroska,webm"),
        ("webm", "vp8", "matroska,webm"),
        ("avi", "mpeg4", "avi"),
        ("ts", "h264", "mpegts"),
    ],
)
async def test_every_container_is_measured_alike(tmp_path: Path, suffix: str, codec: str, container: str) -> None:
    path = make_video(tmp_path / f"v.{suffix}", seconds=1.2, fps=25, size=(320, 180), codec=codec)  # type: ignore[arg-type]  # a parameter is a plain str
    info = await probe(path, SETTINGS)
    assert (info.container, info.codec, info.width, info.height) == (container, codec, 320, 180)
    assert info.duration == pytest.approx(1.2, abs=0.1)
    assert info.fps == pytest.approx(25)
    assert not info.vfr
    assert info.bytes == path.stat().st_size
    assert info.has_audio


async def test_a_variable_frame_rate_is_noticed(tmp_path: Path) -> None:
    info = await probe(make_video(tmp_path / "v.mp4", seconds=2, variable_rate=True), SETTINGS)
    assert info.vfr


async def test_tracks_carry_language_codec_and_default(tmp_path: Path, video: Path) -> None:
    path, captions = tmp_path / "tracks.mkv", tmp_path / "c.srt"
    captions.write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    tracks = ["-map", "0:v", "-map", "0:a", "-map", "0:a", "-map", "1", "-c:v", "copy", "-c:s", "srt"]
    languages = ["-metadata:s:a:0", "language=ger", "-metadata:s:s:0", "language=fre"]
    defaults = ["-disposition:a:0", "0", "-disposition:a:1", "default"]
    run_ffmpeg(["-i", video, "-i", captions, *tracks, *languages, *defaults, path])
    info = await probe(path, SETTINGS)
    assert [(track.index, track.language, track.default) for track in info.audio_tracks] == [
        (1, "ger", False),
        (2, None, True),
    ]
    assert [(track.codec, track.language) for track in info.subtitle_tracks] == [("subrip", "fre")]
    assert info.default_audio is not None
    assert info.default_audio.index == 2


async def test_a_cover_is_not_the_picture(tmp_path: Path, video: Path) -> None:
    cover, path = tmp_path / "cover.jpg", tmp_path / "covered.mp4"
    run_ffmpeg(["-f", "lavfi", "-i", "testsrc2=s=1920x1080", "-frames:v", "1", cover])
    run_ffmpeg(
        ["-i", cover, "-i", video, "-map", "0", "-map", "1", "-c", "copy", "-disposition:v:0", "attached_pic", path]
    )
    info = await probe(path, SETTINGS)
    assert (info.width, info.codec) == (320, "h264")


async def test_a_recording_that_was_never_closed_has_its_duration_counted(tmp_path: Path, video: Path) -> None:
    path = tmp_path / "live.webm"
    run_ffmpeg(["-i", video, "-c:v", "libvpx", "-cpu-used", "8", "-an", "-live", "1", "-f", "webm", path])
    info = await probe(path, SETTINGS)
    assert info.duration == pytest.approx(2.0, abs=0.1)


# -- refused --------------------------------------------------------------------------------------------------------


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


async def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound):
        await probe(tmp_path / "none.mp4", SETTINGS)


async def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.mp4")
    for path in (tmp_path / "fifo.mp4", tmp_path, Path("/dev/zero")):
        with pytest.raises(UnsupportedMedia, match="not a regular file"):
            await asyncio.wait_for(probe(path, SETTINGS), 60)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "a picture"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "a picture"),
        (b"\0\0\0\x18ftypheic" + bytes(100), "a picture"),
        (b"RIFF\0\0\0\0WEBPVP8 " + bytes(100), "a picture"),
        (b"%PDF-1.7\n", "a document"),
        (b"just some words, at length " * 400, "not a video in a format we read"),
        (os.urandom(100_000), "not a video in a format we read"),
        (bytes(100_000), "not a video in a format we read"),
    ],
    ids=["nothing", "png", "jpeg", "heic", "webp", "pdf", "text", "noise", "zeros"],
)
async def test_what_is_no_video_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(UnsupportedMedia, match=message):
        await probe(write(tmp_path / "x.mp4", content), SETTINGS)


@pytest.mark.parametrize("suffix", ["wav", "mp3", "m4a", "mkv"])
async def test_sound_alone_is_called_so(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"sound.{suffix}"
    run_ffmpeg(["-f", "lavfi", "-i", "sine=duration=1", path])
    with pytest.raises(UnsupportedMedia, match="sound but no moving picture"):
        await probe(path, SETTINGS)


@pytest.mark.parametrize(
    "script",
    [
        "ffconcat version 1.0\nfile {neighbour}\n",
        "file '{neighbour}'\n",
        "\ufeff  #EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{neighbour}\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:{port}/x.ts\n#EXT-X-ENDLIST\n",
        '<?xml version="1.0"?><MPD><Period><BaseURL>http://127.0.0.1:{port}/</BaseURL></Period></MPD>',
        "subfile,,start,0,end,0,,:{neighbour}",
        "concat:{neighbour}|{neighbour}",
    ],
    ids=["ffconcat", "concat list", "hls to a file", "hls to a server", "dash", "subfile", "concat protocol"],
)
async def test_a_script_named_mp4_is_refused_and_nothing_it_names_is_touched(
    tmp_path: Path, content: bytes, script: str
) -> None:
    touched = asyncio.Event()
    server = await asyncio.start_server(lambda _reader, _writer: touched.set(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        neighbour = write(tmp_path / "neighbour.mp4", content)
        os.utime(neighbour, (1, 1))
        evil = write(tmp_path / "evil.mp4", script.format(neighbour=neighbour, port=port).encode())
        with pytest.raises(UnsupportedMedia, match=r"playlist or script|not a video"):
            await probe(evil, SETTINGS)
    assert not touched.is_set()
    assert neighbour.stat().st_atime == 1


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi"])
@pytest.mark.parametrize("kept", [0.3, 0.9])
async def test_a_file_that_lost_its_end_is_truncated(tmp_path: Path, suffix: str, kept: float) -> None:
    whole = make_video(tmp_path / f"whole.{suffix}", seconds=2)
    content = whole.read_bytes()
    with pytest.raises(MediaTruncated, match="ends before"):
        await probe(write(tmp_path / f"cut.{suffix}", content[: int(len(content) * kept)]), SETTINGS)


async def test_an_mp4_with_its_index_in_front_is_truncated_too(tmp_path: Path, video: Path) -> None:
    front = tmp_path / "front.mp4"
    run_ffmpeg(["-i", video, "-c", "copy", "-movflags", "+faststart", front])
    content = front.read_bytes()
    with pytest.raises(MediaTruncated):
        await probe(write(tmp_path / "cut.mp4", content[:-1]), SETTINGS)
    # A box that claims to reach just to the end does not hide that samples are gone.
    at = content.index(b"mdat") - 4
    half = content[: at + (len(content) - at) // 2]
    patched = half[:at] + (len(half) - at).to_bytes(4, "big") + half[at + 4 :]
    with pytest.raises(MediaTruncated):
        await probe(write(tmp_path / "patched.mp4", patched), SETTINGS)


async def test_a_video_whose_pictures_cannot_be_decoded_is_refused(tmp_path: Path, content: bytes) -> None:
    start = content.index(b"mdat") + 4
    end = content.index(b"moov") - 4
    hollow = content[:start] + bytes(end - start) + content[end:]
    with pytest.raises(UnsupportedMedia, match="Not one picture"):
        await probe(write(tmp_path / "hollow.mp4", hollow), SETTINGS)


# -- limits ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def bomb(tmp_path: Path) -> Path:
    """A kilobyte that says it holds two pictures of 384 MB."""
    path = tmp_path / "bomb.avi"
    run_ffmpeg(["-f", "lavfi", "-i", "color=s=48x48:r=1", "-frames:v", "2", "-c:v", "mjpeg", path])
    content = path.read_bytes()
    for order in ("big", "little"):
        width = 2 if order == "big" else 4
        small, huge = (side.to_bytes(width, order) * 2 for side in (48, 16000))
        assert small in content, "JPEG frame headers, AVI headers"
        content = content.replace(small, huge)
    path.write_bytes(content)
    return path


async def test_a_huge_picture_is_refused_in_little_memory(bomb: Path) -> None:
    # No child that decodes one of its pictures fits into this.
    tight = SETTINGS.model_copy(update={"max_memory_bytes": 350_000_000})
    with pytest.raises(MediaLimitsExceeded, match=r"16000 x 16000; the limit is 35389440 pixels"):
        await probe(bomb, tight)


async def test_a_video_of_days_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "days.mkv"
    sparse = ["-vf", "setpts=N*100000/TB", "-fps_mode", "vfr"]
    run_ffmpeg(["-f", "lavfi", "-i", "color=s=16x16:r=1", "-frames:v", "3", *sparse, "-c:v", "libx264", path])
    with pytest.raises(MediaLimitsExceeded, match=r"lasts 200\d\d\d s; the limit is 43200 s"):
        await probe(path, SETTINGS)


async def test_a_file_of_many_streams_is_refused(tmp_path: Path, video: Path) -> None:
    path = tmp_path / "many.mkv"
    run_ffmpeg(["-i", video, *(["-map", "0:a"] * 40), "-map", "0:v", "-c", "copy", path])
    with pytest.raises(MediaLimitsExceeded, match="41 streams; the limit is 32"):
        await probe(path, SETTINGS)


# -- real recordings ------------------------------------------------------------------------------------------------

REAL = {
    "odd/androidx_h265_with_metadata_track.mp4": (0.100, 1080, 1920, 90, 29.98, False, "hevc", 2, 1),
    "odd/androidx_hdr10-video-with-sdr-container.mp4": (1.017, 1920, 1080, 0, 27.52, True, "hevc", 0, 1),
    "odd/androidx_internal_emulator_transformer_output_270_rotated.mp4":
        (4.972, 720, 1280, 270, 29.97, False, "h264", 0, 1),
    "odd/androidx_long_1080p_lowbitrate.mp4": (362.767, 1920, 1080, 0, 30.0, False, "h264", 0, 1),
    "odd/androidx_pixel-motion-photo-2-hevc-tracks.mp4": (2.101, 768, 1024, 90, 27.61, True, "hevc", 0, 0),
    "odd/androidx_pixel7_videoOnly_cleaned.mp4": (1.205, 1920, 1080, 180, 29.87, False, "h264", 0, 0),
    "odd/androidx_sample_edit_list.mp4": (2.548, 1080, 1920, 90, 28.03, True, "hevc", 0, 1),
    "odd/androidx_sample_with_chapters.mp4": (1.089, 1080, 720, 0, 29.97, False, "h264", 0, 1),
    "odd/androidx_sowt-with-video.mov": (2.0, 1920, 1080, 0, 50.0, False, "h264", 0, 1),
    "odd/androidx_trim_optimization_failure.mp4": (5.589, 518, 488, 0, 29.88, False, "h264", 0, 1),
    "odd/autoeditor_mov_text.mp4": (2.0, 300, 200, 0, 20.0, False, "h264", 0, 1),
    "odd/autoeditor_multi-track.mp4": (4.56, 720, 576, 0, 25.0, False, "h264", 0, 2),
    "odd/autoeditor_webvtt.mkv": (2.023, 300, 200, 0, 20.0, False, "h264", 0, 1),
    "odd/gcp_vertical_noaudio.mp4": (14.04, 540, 960, 0, 25.0, False, "h264", 0, 0),
    "video/autoeditor_example.mp4": (42.4, 1280, 720, 0, 30.0, False, "h264", 0, 1),
    "video/friday.mp4": (6.166, 640, 480, 0, 30.0, False, "h264", 1, 1),
    "video/googlework_short.mp4": (35.068, 320, 180, 0, 29.97, False, "h264", 0, 1),
    "video/nasa_13013.mp4": (13.056, 480, 270, 0, 29.97, False, "h264", 3, 2),
    "video/swc_softeng_slidecast.mp4": (155.48, 1280, 720, 0, 25.0, False, "h264", 0, 1),
    "video/tears_of_steel_battle.webm": (70.542, 800, 332, 0, 24.0, False, "vp8", 0, 1),
    "video/whiteboard_noaudio_part2.webm": (41.4, 1280, 720, 0, 25.0, False, "vp9", 0, 0),
}  # fmt: skip


@pytest.mark.parametrize("name", REAL)
async def test_real_recordings_are_measured_right(shared_media: Path, name: str) -> None:
    duration, width, height, rotation, fps, vfr, codec, index, sounds = REAL[name]
    info = await probe(shared_media / name, SETTINGS)
    assert info.duration == pytest.approx(duration, abs=0.001)
    assert (info.width, info.height, info.rotation) == (width, height, rotation)
    assert info.fps == pytest.approx(fps, abs=0.01)
    assert (info.vfr, info.codec, info.video_index, len(info.audio_tracks)) == (vfr, codec, index, sounds)


@pytest.mark.parametrize("name", ["jfk.flac", "nemo_chemicals.opus", "columbia.wma", "apollo11.mp3"])
async def test_real_sound_files_are_no_videos(shared_media: Path, name: str) -> None:
    with pytest.raises(MomentsError, match="sound but no moving picture"):
        await probe(shared_media / "audio" / name, SETTINGS)


def test_a_file_that_was_removed_meanwhile_is_not_taken_for_one_that_cannot_be_read(tmp_path: Path) -> None:
    path = make_video(tmp_path / "gone.mp4", seconds=1)
    options = source_options(path, MediaSettings())
    path.unlink()
    with pytest.raises(ObjectMissing), open_source(options):
        pass
