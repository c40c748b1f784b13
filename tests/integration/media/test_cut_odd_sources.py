"""Whatever tools write: a clip shows what a viewer of the source sees between two times, and all of the sound."""

from __future__ import annotations

import shutil
import struct
from bisect import bisect_right
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from moments_ray.errors import MediaTruncated
from moments_ray.media.cut import Clip, CutFailure, CutRange, cut_clips
from moments_ray.media.presets import Preset
from moments_ray.media.probe import probe
from moments_ray.settings import MediaSettings
from moments_ray.testing.numbered import read_numbers, read_sound
from tests.integration.media.odd_sources import SOURCES, Source, cut_off, made, set_matrix

SETTINGS = MediaSettings()


async def cut(
    source: Path, directory: Path, *ranges: tuple[float, float], preset: Preset = "source"
) -> list[Clip | CutFailure]:
    directory.mkdir(exist_ok=True)
    wanted = [CutRange(name=f"c{n}", start=a, end=b, preset=preset) for n, (a, b) in enumerate(ranges)]
    return list(await cut_clips(source, wanted, directory, settings=SETTINGS, threads=1, timeout=160))


def starts(path: Path) -> Fraction:
    with av.open(str(path)) as container:
        return Fraction(container.start_time or 0, av.time_base)


def seen(pictures: list[tuple[Fraction, int]], at: Fraction) -> int:
    """Which picture is on screen; before the first one, that."""
    return pictures[max(bisect_right([time for time, _ in pictures], at) - 1, 0)][1]


def upright(pictures: list[tuple[Fraction, int]], start: Fraction) -> list[tuple[Fraction, int]]:
    return [(time - start, number) for time, number in pictures]


def prove(clip: Clip | CutFailure, source: list[tuple[Fraction, int]], a: float, b: float) -> None:
    """Compare what is seen in the clip with what is seen in the source, between all changes of either."""
    assert isinstance(clip, Clip), clip
    shown = read_numbers(clip.path)
    start = Fraction(clip.start_time)
    changes = sorted({*(time for time, _ in shown), *(time - start for time, _ in source), Fraction(clip.duration)})
    for before, after in pairwise([each for each in changes if 0 <= each <= clip.duration]):
        if after - before > Fraction(1, 500):
            middle = (before + after) / 2
            assert seen(shown, middle) == seen(source, start + middle), float(middle)
    usual = min(float(np.median(np.diff([float(time) for time, _ in source]))), 0.5) if len(source) > 1 else 0.5
    assert a - 0.002 <= clip.start_time <= a + 2 * usual + 0.002
    assert b - 0.002 <= clip.end_time <= b + 2 * usual + 0.002 or clip.end_time >= float(source[-1][0])
    assert len(shown) == clip.frames


@pytest.mark.parametrize("kind", SOURCES.values(), ids=SOURCES.keys())
async def test_a_clip_shows_what_a_viewer_sees(tmp_path: Path, kind: Source) -> None:
    path = made(kind, tmp_path)
    source = upright(read_numbers(path, damaged=kind.changed is cut_off), starts(path))
    for clip, (a, b) in zip(await cut(path, tmp_path / "clips", *kind.ranges), kind.ranges, strict=True):
        if kind in (SOURCES["mirrored"], SOURCES["mirrored and turned"]):
            assert isinstance(clip, Clip), clip  # its numbers cannot be read; another test compares the pictures
            continue
        prove(clip, source, a, b)


def test_the_table_is_as_long_as_it_should_be() -> None:
    assert len(SOURCES) >= 40


async def test_slides_are_held_from_the_asked_start_until_the_asked_end_with_all_sound(tmp_path: Path) -> None:
    path = made(SOURCES["slides"], tmp_path)
    for clip, (a, b) in zip(
        await cut(path, tmp_path / "clips", (1, 4), (4, 6), (8, 9.5)), ((1, 4), (4, 6), (8, 9.5)), strict=True
    ):
        assert isinstance(clip, Clip)
        assert (clip.start_time, clip.end_time) == (a, b)
        assert len(read_sound(clip.path)) / 48_000 == pytest.approx(b - a, abs=0.05)


async def test_sound_before_the_first_picture_is_kept_under_that_picture(tmp_path: Path) -> None:
    path = made(SOURCES["a picture after the sound"], tmp_path)
    first, early = await cut(path, tmp_path / "clips", (0, 3), (0.5, 1.5))
    assert isinstance(first, Clip)
    assert isinstance(early, Clip)
    assert (first.start_time, first.end_time, early.frames) == (0.0, 3.0, 1)
    assert len(read_sound(early.path)) / 48_000 == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("preset", ["source", "web"])
@pytest.mark.parametrize("matrix", [(-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0), (0, 1, -1, 0)])
async def test_a_picture_is_mirrored_and_turned_in_its_clip_as_in_its_source(
    tmp_path: Path, matrix: tuple[int, int, int, int], preset: Preset
) -> None:
    path = made(
        Source(made={"options": {"preset": "ultrafast", "g": "999"}, "frames": 20}, changed=set_matrix(*matrix)),
        tmp_path,
    )
    (clip,) = await cut(path, tmp_path / "clips", (0.2, 0.6), preset=preset)
    assert isinstance(clip, Clip)
    assert np.abs(as_shown(clip.path, 0) - as_shown(path, 5)).mean() < 6


def as_shown(path: Path, number: int) -> np.ndarray[Any, Any]:
    """Return a picture as a player shows it: turned and mirrored by its own arithmetic, not by the cutter's filters."""
    with av.open(str(path)) as container:
        frame = [each for each, _ in zip(container.decode(video=0), range(number + 1), strict=False)][-1]
        grey = frame.reformat(format="gray").to_ndarray().astype(int)
        side_data: Any = frame.side_data  # its stubs know no buffer
        found = side_data.get("DISPLAYMATRIX")
    matrix = None if found is None else bytes(found)
    if matrix is None:
        return grey
    a, b, _, c, d = (int(np.sign(value)) for value in struct.unpack("<5i", matrix[:20]))
    height, width = grey.shape
    shown = np.zeros((width, height) if b else (height, width), int)
    y, x = np.mgrid[0:height, 0:width]
    across, down = a * x + c * y, b * x + d * y
    shown[down - down.min(), across - across.min()] = grey
    return shown


async def test_fields_stay_in_order_where_encoded_and_are_joined_for_the_web(tmp_path: Path) -> None:
    path = made(SOURCES["H.264 interlaced"], tmp_path)
    (source,) = await cut(path, tmp_path / "clips", (0.3, 1.5))
    (web,) = await cut(path, tmp_path / "web", (0.3, 1.5), preset="web")
    assert isinstance(source, Clip)
    assert isinstance(web, Clip)
    assert {frame.interlaced_frame for frame in frames(source.path)} == {True}
    assert {frame.interlaced_frame for frame in frames(web.path)} == {False}


def frames(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


@pytest.mark.parametrize(
    ("codec", "pixel_format", "kept", "said"),
    [
        ("prores_ks", "yuva444p10le", {"yuv444p12le"}, "its transparency is not kept"),
        ("prores_ks", "yuv444p10le", {"yuv444p12le"}, None),
        ("libx264rgb", "rgb24", {"gbrp"}, None),
        ("ffv1", "yuv422p10le", {"yuv422p10le"}, None),
        ("mjpeg", "yuvj444p", {"yuvj444p"}, None),
    ],
)
async def test_depth_and_colour_are_kept_or_what_is_not_is_said(
    tmp_path: Path, codec: str, pixel_format: str, kept: set[str], said: str | None
) -> None:
    suffix = ".mov" if codec == "prores_ks" else ".mkv"
    options = {"preset": "ultrafast", "g": "999"} if codec.startswith("libx264") else None
    kind = Source(
        suffix, {"codec": codec, "pixel_format": pixel_format, "sound": None, "frames": 12, "options": options}
    )
    (clip,) = await cut(made(kind, tmp_path), tmp_path / "clips", (0.1, 0.4))
    assert isinstance(clip, Clip)
    assert frames(clip.path)[0].format.name in kept
    assert (said or "") in (clip.fallback_reason or "")


async def test_a_recording_cut_off_in_its_last_fragment_is_used_as_far_as_it_goes_and_that_is_said(
    tmp_path: Path,
) -> None:
    path = made(SOURCES["fragmented and cut off"], tmp_path)
    info = await probe(path, SETTINGS)
    assert info.warnings == (
        "The file was cut off inside its last fragment: what is before it is there, the rest is missing.",
    )
    clip, beyond = await cut(path, tmp_path / "clips", (1.0, 2.4), (2.39, 2.4))
    assert isinstance(clip, Clip)
    assert clip.end_time < 2.4
    assert isinstance(beyond, CutFailure) or beyond.frames


async def test_a_recording_cut_off_in_its_first_fragment_is_refused(tmp_path: Path) -> None:
    path = made(SOURCES["fragmented"], tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"moof") + 20])
    with pytest.raises(MediaTruncated):
        await probe(path, SETTINGS)


FAULTS = {
    "20_slides_vfr.mp4": ((15, 25), (5, 20), (20, 35), (28, 40)),
    "24_picture_begins_2s_late.mp4": ((0, 5), (0.5, 1.5), (1, 3)),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_files_that_were_cut_wrongly_are_cut_from_and_to_the_asked_times(
    faults: Path, tmp_path: Path, name: str
) -> None:
    source = tmp_path / name
    shutil.copy(faults / name, source)
    for clip, (a, b) in zip(await cut(source, tmp_path / "clips", *FAULTS[name]), FAULTS[name], strict=True):
        assert isinstance(clip, Clip), clip
        assert (clip.start_time, clip.end_time) == (a, b)


async def test_packed_b_frames_are_all_there(faults: Path, tmp_path: Path) -> None:
    source = tmp_path / "packed.avi"
    shutil.copy(faults / "22_xvid_packed.avi", source)
    (clip,) = await cut(source, tmp_path / "clips", (1, 3))
    assert isinstance(clip, Clip)
    assert clip.frames == 50
    pictures = [frame.reformat(format="gray").to_ndarray().astype(int) for frame in frames(clip.path)]
    # The source has pictures 0 and 1 before a gap of one, then all: 25 frames a second from the start of the container.
    decoded = [frame.reformat(format="gray").to_ndarray().astype(int) for frame in frames(source)]
    offset = min(range(20, 28), key=lambda at: np.abs(decoded[at] - pictures[0]).mean())
    assert all(np.abs(decoded[offset + n] - picture).mean() < 4 for n, picture in enumerate(pictures))


async def test_sound_before_the_first_packed_picture_is_kept_below_it(faults: Path, tmp_path: Path) -> None:
    source = tmp_path / "packed.avi"
    shutil.copy(faults / "22_xvid_packed.avi", source)
    (clip,) = await cut(source, tmp_path / "clips", (0, 1))
    assert isinstance(clip, Clip)
    assert (clip.start_time, clip.end_time) == (0, 1)


@pytest.mark.parametrize("preset", ["source", "web"])
async def test_a_picture_that_is_turned_and_mirrored_is_shown_so(faults: Path, tmp_path: Path, preset: Preset) -> None:
    source = tmp_path / "mirrored.mp4"
    shutil.copy(faults / "21_rotated_and_mirrored.mp4", source)
    (clip,) = await cut(source, tmp_path / "clips", (1.2, 2.4), preset=preset)
    assert isinstance(clip, Clip)
    shown, right = as_shown(clip.path, 0), as_shown(source, 30)  # 25 frames a second
    assert shown.shape == right.shape == (160, 120)
    wrong = min(np.abs(turned - right).mean() for turned in (right[::-1], right[:, ::-1], right[::-1, ::-1]))
    assert np.abs(shown - right).mean() < min(6.0, wrong / 2)
