"""Clips begin and end on the frame that was asked for: every source carries its frame numbers in its pixels."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import google_crc32c
import pytest

from moments_ray.errors import InvalidRequest
from moments_ray.media.cut import Clip, CutFailure, CutRange, cut_clips
from moments_ray.settings import MediaSettings
from moments_ray.testing.numbered import make_numbered_video, read_numbers, read_sound, sound_offset

SETTINGS = MediaSettings()


async def cut(source: Path, directory: Path, *ranges: tuple[float, float]) -> Sequence[Clip | CutFailure]:
    wanted = [CutRange(name=f"clip-{number}", start=start, end=end) for number, (start, end) in enumerate(ranges)]
    return await cut_clips(source, wanted, directory, settings=SETTINGS, threads=1, timeout=120)


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def expected_numbers(source: Path, start: float, end: float) -> list[tuple[Fraction, int]]:
    """What the clip must show, from the whole source decoded: times count from its first picture."""
    shown = [(time, number) for time, number in read_numbers(source) if start - 1e-6 <= time < end - 1e-6]
    return [(time - shown[0][0], number) for time, number in shown]


def prove(clip: Clip | CutFailure, source: Path, start: float, end: float) -> Clip:
    assert isinstance(clip, Clip), clip
    expected = expected_numbers(source, start, end)
    found = read_numbers(clip.path)
    assert [number for _, number in found] == [number for _, number in expected]
    assert [float(time) for time, _ in found] == pytest.approx([float(time) for time, _ in expected], abs=1e-9)
    assert clip.frames == len(expected)
    return clip


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """Where clips go."""
    directory = tmp_path / "clips"
    directory.mkdir()
    return directory


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight seconds at 25 fps with B-frames and a key frame every 50 pictures."""
    options = {"preset": "veryfast", "g": "50", "keyint_min": "50", "sc_threshold": "0", "bf": "3"}
    return make_numbered_video(tmp_path_factory.mktemp("talk") / "talk.mp4", frames=200, options=options)


async def test_one_call_cuts_many_ranges_each_exact_to_the_frame(talk: Path, clips: Path) -> None:
    ranges = [(0.0, 2.0), (1.23, 6.66), (1.24, 1.28), (3.0, 3.5), (6.99, 8.0), (0.5, 7.99)]
    for clip, (start, end) in zip(await cut(talk, clips, *ranges), ranges, strict=True):
        proved = prove(clip, talk, start, end)
        assert proved.start_time == pytest.approx(float(-(-Fraction(str(start)) // Fraction(1, 25)) / 25))
        assert proved.end_time == pytest.approx(float(-(-Fraction(str(end)) // Fraction(1, 25)) / 25))
        assert proved.duration == pytest.approx(proved.end_time - proved.start_time)


async def test_the_times_of_a_clip_cut_the_same_clip_again(tmp_path: Path, clips: Path) -> None:
    source = make_numbered_video(tmp_path / "ntsc.mp4", frames=90, rate=Fraction(30000, 1001), sound=None)
    first = (await cut(source, clips, (1.0, 2.0)))[0]
    assert isinstance(first, Clip)
    again = (await cut(source, clips, (first.start_time, first.end_time)))[0]
    assert isinstance(again, Clip)
    assert (again.start_time, again.end_time, again.frames) == (first.start_time, first.end_time, first.frames)


async def test_sound_is_cut_on_the_same_edges_as_the_picture(talk: Path, clips: Path) -> None:
    clip = prove((await cut(talk, clips, (1.23, 6.66)))[0], talk, 1.23, 6.66)
    whole, part = read_sound(talk), read_sound(clip.path)
    begin, end = round(clip.start_time * 48000), round(clip.end_time * 48000)
    assert abs(sound_offset(part, whole[begin:end])) <= 1
    assert abs(len(part) - (end - begin)) <= 1024


SOURCES: dict[str, Callable[[Path], Path]] = {
    "variable rate": lambda at: make_numbered_video(
        at / "variable.mp4",
        times=[tick for burst in range(20) for tick in (burst * 9000, burst * 9000 + 2700, burst * 9000 + 8100)],
        time_base=Fraction(1, 90000),
        rate=30,
    ),
    "sound shorter than the picture": lambda at: make_numbered_video(at / "short.mp4", sound_seconds=1.2),
    "sound longer than the picture": lambda at: make_numbered_video(at / "long.mp4", frames=50, sound_seconds=4.0),
    "no sound": lambda at: make_numbered_video(at / "silent.mp4", sound=None),
    "odd sizes": lambda at: make_numbered_video(
        at / "odd.mkv",
        size=(321, 181),
        codec="libvpx-vp9",
        options={"deadline": "realtime", "cpu-used": "8"},
        sound="libopus",
    ),
    "vp9 with hidden pictures": lambda at: make_numbered_video(
        at / "vp9.webm",
        codec="libvpx-vp9",
        options={"deadline": "good", "cpu-used": "5", "auto-alt-ref": "1", "lag-in-frames": "16", "g": "40"},
        sound="libopus",
    ),
    "mpeg-4 part 2 in avi": lambda at: make_numbered_video(
        at / "old.avi", codec="mpeg4", options={"bf": "2", "g": "12"}, sound="mp2"
    ),
    "h264 in a transport stream": lambda at: make_numbered_video(
        at / "air.ts", options={"g": "30", "bf": "2"}, sound="mp2"
    ),
    "hevc in 10 bits": lambda at: make_numbered_video(
        at / "hdr.mp4",
        codec="libx265",
        options={"preset": "ultrafast", "x265-params": "log-level=none:keyint=30"},
        pixel_format="yuv420p10le",
        colours=(9, 16, 9),
    ),
}


@pytest.mark.parametrize("kind", SOURCES)
async def test_a_clip_is_exact_whatever_the_source(kind: str, tmp_path: Path, clips: Path) -> None:
    source = SOURCES[kind](tmp_path)
    origin = 0.0
    with av.open(str(source)) as container:
        origin = (container.start_time or 0) / av.time_base
    for clip, (start, end) in zip(
        await cut(source, clips, (0.0, 0.5), (0.61, 1.83)), [(0.0, 0.5), (0.61, 1.83)], strict=True
    ):
        prove(clip, source, start + origin, end + origin)


async def test_a_picture_keeps_its_rotation_and_its_colours(tmp_path: Path, clips: Path) -> None:
    source = make_numbered_video(tmp_path / "phone.mp4", rotation=-90, colours=(1, 1, 1), frames=50)
    clip = prove((await cut(source, clips, (0.3, 1.3)))[0], source, 0.3, 1.3)
    assert (clip.width, clip.height) == (180, 320)
    with av.open(str(clip.path)) as container:
        picture = next(container.decode(video=0))
        assert picture.rotation == -90
        assert (picture.color_primaries, picture.color_trc, picture.colorspace) == (1, 1, 1)


async def test_a_range_that_cannot_be_cut_says_why_and_leaves_the_others(talk: Path, clips: Path) -> None:
    ranges = [(1.0, 2.0), (5.0, 4.0), (-1.0, 3.0), (float("nan"), 2.0), (20.0, 21.0), (1.001, 1.02), (7.0, 900.0)]
    outcomes = await cut(talk, clips, *ranges)
    prove(outcomes[0], talk, 1.0, 2.0)
    for outcome in outcomes[1:]:
        assert isinstance(outcome, CutFailure)
        assert outcome.code == "input.invalid"
    assert "8.000 s long" in str(outcomes[4])
    assert "shorter than one frame" in str(outcomes[5])
    assert names_in(clips) == ["clip-0.mp4"]


async def test_two_ranges_of_one_name_are_refused(talk: Path, clips: Path) -> None:
    same = [CutRange(name="same", start=0, end=1), CutRange(name="same", start=1, end=2)]
    with pytest.raises(InvalidRequest):
        await cut_clips(talk, same, clips, settings=SETTINGS, threads=1, timeout=60)


async def test_a_clip_carries_what_a_store_needs_to_check_it(talk: Path, clips: Path) -> None:
    clip = (await cut(talk, clips, (1.0, 2.0)))[0]
    assert isinstance(clip, Clip)
    data = clip.path.read_bytes()
    assert clip.bytes == len(data)
    assert clip.checksum == base64.b64encode(google_crc32c.value(data).to_bytes(4, "big")).decode()
    assert data.index(b"moov") < data.index(b"mdat")
