"""A thumbnail is the very frame on screen at its time, upright, in the proportions a player shows."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import av
import numpy as np
import pytest

from moments_ray.errors import InvalidRequest, MediaTimeout, UnsupportedMedia
from moments_ray.media.probe import probe
from moments_ray.media.sheet import write_sheet
from moments_ray.media.thumbnails import storyboard, thumbnail
from moments_ray.settings import MediaSettings
from moments_ray.testing.media import make_video, run_ffmpeg

SETTINGS = MediaSettings()
# Frame n of the counted source has this brightness; 100 frames at 25 fps.
COUNTED = "nullsrc=s=64x48:r=25:d=4,geq=lum='20+2*N':cb=128:cr=128,format=yuv420p"


def brightness(path: Path) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """The luma plane of a picture file, 0 to 255."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        return frame.to_ndarray(format="gray").astype(float)


def frame_number(path: Path) -> float:
    # The source is limited range (16 to 235), a JPEG full range.
    return (float(brightness(path).mean()) * 219 / 255 + 16 - 20) / 2


def make_counted(path: Path, *, gop: int = 250, codec: str = "libx264") -> Path:
    coding = ["-c:v", codec, "-g", str(gop), "-pix_fmt", "yuv420p"]
    quality = {"libvpx": ["-b:v", "4M"], "mpeg4": ["-q:v", "2"]}.get(codec, ["-crf", "5"])
    run_ffmpeg(["-f", "lavfi", "-i", COUNTED, *coding, *quality, path])
    return path


@pytest.mark.parametrize(
    ("name", "codec", "gop"),
    [
        ("a.mp4", "libx264", 250),
        ("b.mp4", "libx264", 12),
        ("c.mkv", "libx265", 250),
        ("d.webm", "libvpx", 30),
        ("e.ts", "libx264", 12),
        ("f.avi", "mpeg4", 12),
    ],
)
async def test_the_frame_on_screen_is_the_one_written(tmp_path: Path, name: str, codec: str, gop: int) -> None:
    source = make_counted(tmp_path / name, codec=codec, gop=gop)
    for seconds, number in [(0.0, 0), (0.039, 0), (0.0401, 1), (1.0, 25), (2.5, 62), (3.99, 99), (9.0, 99)]:
        picture = await thumbnail(source, seconds, tmp_path / "t.jpg", settings=SETTINGS)
        assert frame_number(picture.path) == pytest.approx(number, abs=0.45), f"at {seconds} s"
        assert picture.seconds == pytest.approx(number / 25, abs=0.002)


async def test_before_a_late_first_frame_the_first_one_is_taken(tmp_path: Path) -> None:
    source, sound = make_counted(tmp_path / "v.mp4"), ["-f", "lavfi", "-i", "sine=duration=5"]
    late = tmp_path / "late.mp4"
    run_ffmpeg([*sound, "-itsoffset", "0.8", "-i", source, "-map", "1:v", "-map", "0:a", "-c:v", "copy", late])
    picture = await thumbnail(late, 0.2, tmp_path / "t.jpg", settings=SETTINGS)
    assert picture.seconds == pytest.approx(0.8, abs=0.05)
    assert frame_number(picture.path) == pytest.approx(0, abs=0.45)
    picture = await thumbnail(late, 1.82, tmp_path / "t.jpg", settings=SETTINGS)
    assert frame_number(picture.path) == pytest.approx(25, abs=0.45)


@pytest.mark.parametrize("turn", [0, 90, 180, -90])
async def test_a_turned_recording_stands_upright(tmp_path: Path, turn: int) -> None:
    flat, source, expected = tmp_path / "flat.mp4", tmp_path / "turned.mp4", tmp_path / "expected.png"
    corner = "color=black:s=320x180:r=10:d=1,drawbox=x=0:y=0:w=80:h=60:color=white:t=fill"
    run_ffmpeg(["-f", "lavfi", "-i", corner, "-pix_fmt", "yuv420p", flat])
    run_ffmpeg(["-display_rotation:v:0", str(turn), "-i", flat, "-c", "copy", source])
    run_ffmpeg(["-i", source, "-frames:v", "1", expected])
    picture = await thumbnail(source, 0.5, tmp_path / "t.jpg", settings=SETTINGS)
    seen, upright = brightness(picture.path), brightness(expected)
    assert seen.shape == upright.shape == (picture.height, picture.width)
    assert np.abs(seen - upright).mean() < 4
    info = await probe(source, SETTINGS)
    assert (info.width, info.height) == (picture.width, picture.height)


@pytest.mark.parametrize(
    ("size", "aspect", "shape"),
    [
        ((1280, 720), None, (480, 270)),
        ((100, 50), None, (100, 50)),
        ((720, 576), "16/15", (480, 360)),
        ((518, 488), None, (480, 452)),
    ],
    ids=["scaled down", "not enlarged", "anamorphic", "odd"],
)
async def test_proportions_are_those_of_a_player(
    tmp_path: Path, size: tuple[int, int], aspect: str | None, shape: tuple[int, int]
) -> None:
    source = tmp_path / "v.mp4"
    picture = f"testsrc2=s={size[0]}x{size[1]}:d=0.2" + (f",setsar={aspect}" if aspect else "")
    run_ffmpeg(["-f", "lavfi", "-i", picture, "-c:v", "libx264", "-preset", "ultrafast", source])
    written = await thumbnail(source, 0, tmp_path / "t.jpg", settings=SETTINGS)
    assert (written.width, written.height) == shape
    assert brightness(written.path).shape == (shape[1], shape[0])


async def test_the_strip_is_evenly_spaced_and_in_order(tmp_path: Path) -> None:
    source = make_counted(tmp_path / "v.mp4", gop=100)
    pictures = await storyboard(source, await probe(source, SETTINGS), tmp_path, settings=SETTINGS, count=8)
    assert [picture.path.name for picture in pictures] == [f"storyboard-{number:02d}.jpg" for number in range(1, 9)]
    for number, picture in enumerate(pictures):
        assert 0.5 * number - 0.001 <= picture.seconds <= 0.5 * (number + 0.5)
        assert frame_number(picture.path) == pytest.approx(picture.seconds * 25, abs=0.45)


async def test_key_frames_near_enough_are_taken_as_they_are(tmp_path: Path) -> None:
    source = make_counted(tmp_path / "v.mp4", gop=5)
    pictures = await storyboard(source, await probe(source, SETTINGS), tmp_path, settings=SETTINGS, count=4)
    assert Counter(round(picture.seconds * 25) % 5 for picture in pictures) == {0: 4}


async def test_refusals_leave_no_picture(tmp_path: Path) -> None:
    source, target = make_counted(tmp_path / "v.mp4"), tmp_path / "t.jpg"
    with pytest.raises(InvalidRequest):
        await thumbnail(source, -1, target, settings=SETTINGS)
    with pytest.raises(MediaTimeout):
        await thumbnail(source, 1, target, settings=SETTINGS, timeout=0.01)
    run_ffmpeg(["-f", "lavfi", "-i", "sine=duration=1", tmp_path / "sound.mp4"])
    with pytest.raises(UnsupportedMedia):
        await thumbnail(tmp_path / "sound.mp4", 0, target, settings=SETTINGS)
    assert not target.exists()


REAL = [
    ("odd/androidx_h265_with_metadata_track.mp4", 480, 854),
    ("odd/androidx_hdr10-video-with-sdr-container.mp4", 480, 270),
    ("odd/androidx_internal_emulator_transformer_output_270_rotated.mp4", 480, 854),
    ("odd/androidx_long_1080p_lowbitrate.mp4", 480, 270),
    ("odd/androidx_pixel-motion-photo-2-hevc-tracks.mp4", 480, 640),
    ("odd/androidx_pixel7_videoOnly_cleaned.mp4", 480, 270),
    ("odd/androidx_sample_edit_list.mp4", 480, 854),
    ("odd/androidx_sample_with_chapters.mp4", 480, 320),
    ("odd/androidx_sowt-with-video.mov", 480, 270),
    ("odd/androidx_trim_optimization_failure.mp4", 480, 452),
    ("odd/autoeditor_mov_text.mp4", 300, 200),
    ("odd/autoeditor_multi-track.mp4", 480, 360),
    ("odd/autoeditor_webvtt.mkv", 300, 200),
    ("odd/gcp_vertical_noaudio.mp4", 480, 854),
    ("video/autoeditor_example.mp4", 480, 270),
    ("video/friday.mp4", 480, 360),
    ("video/googlework_short.mp4", 320, 180),
    ("video/nasa_13013.mp4", 480, 270),
    ("video/swc_softeng_slidecast.mp4", 480, 270),
    ("video/tears_of_steel_battle.webm", 480, 200),
    ("video/whiteboard_noaudio_part2.webm", 480, 270),
]


@pytest.mark.parametrize(("name", "width", "height"), REAL)
async def test_real_recordings_give_pictures(
    shared_media: Path, tmp_path: Path, name: str, width: int, height: int
) -> None:
    source = shared_media / name
    info = await probe(source, SETTINGS)
    picture = await thumbnail(source, info.duration / 2, tmp_path / "t.jpg", settings=SETTINGS)
    assert (picture.width, picture.height) == (width, height)
    assert 0 <= info.duration / 2 - picture.seconds < 0.11
    assert brightness(picture.path).shape == (height, width)


async def test_a_picture_of_4k_hevc_fits_into_the_memory_of_a_media_process(tmp_path: Path) -> None:
    source = make_video(tmp_path / "v.mp4", seconds=0.4, size=(3840, 2160), codec="hevc", audio=None)
    two = SETTINGS.model_copy(update={"encoder_threads": 2})
    picture = await thumbnail(source, 0.3, tmp_path / "t.jpg", settings=two)
    assert (picture.width, picture.height) == (480, 270)


async def test_a_sheet_holds_the_whole_video_in_order(tmp_path: Path) -> None:
    source, target = tmp_path / "v.mp4", tmp_path / "sheet.jpg"
    brighter = "nullsrc=s=64x48:r=4:d=60,geq=lum='20+N*3/4':cb=128:cr=128,format=yuv420p"
    run_ffmpeg(["-f", "lavfi", "-i", brighter, "-c:v", "libx264", "-g", "10", source])
    sheet = await write_sheet(source, await probe(source, SETTINGS), target, settings=SETTINGS)
    assert (sheet.count, sheet.columns, sheet.step, sheet.width, sheet.height) == (12, 10, 5.0, 64, 48)
    light = brightness(target)
    assert light.shape == (2 * 48, 10 * 64)
    shown = [float(light[row : row + 48, at : at + 64].mean()) for row in (0, 48) for at in range(0, 640, 64)]
    assert shown[:12] == sorted(shown[:12])
    assert max(shown[12:]) < 5  # no more pictures
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sheet.jpg", "v.mp4"]
