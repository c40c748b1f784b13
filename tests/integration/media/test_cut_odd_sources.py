"""Whatever tools write: a clip shows what a viewer of the source sees between two times, and all of the sound."""

from __future__ import annotations

import shutil
import struct
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
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
from moments_ray.testing.numbered import make_numbered_video, read_numbers, read_sound

SETTINGS = MediaSettings()
SIZE = (160, 96)
X264 = {"preset": "ultrafast", "g": "12", "bf": "2"}
THOUSANDTHS = Fraction(1, 1000)


@dataclass(frozen=True)
class Source:
    """A kind of source: how it is made, what becomes of it then, and the ranges that are cut."""

    suffix: str = ".mp4"
    made: dict[str, Any] = field(default_factory=dict)
    changed: Callable[[Path], None] | None = None
    ranges: tuple[tuple[float, float], ...] = ((0.5, 1.5),)


def remux(path: Path, **options: str) -> None:
    """Write a file again with other options of its muxer."""
    target = path.with_stem("again")
    with av.open(str(path)) as source, av.open(str(target), "w", options=options) as output:
        streams = {stream.index: output.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                output.mux(packet)
    target.replace(path)


def fragment(path: Path) -> None:
    remux(path, movflags="frag_keyframe+empty_moov+default_base_moof")


def cut_off(path: Path) -> None:
    """Lose the end of the last fragment, as a recorder whose battery died."""
    fragment(path)
    data = path.read_bytes()
    last = [at for at in range(len(data)) if data.startswith(b"moof", at)][-2]
    at = data.index(b"mdat", last)
    path.write_bytes(data[: at + 400])


def set_matrix(a: int, b: int, c: int, d: int) -> Callable[[Path], None]:
    """Have players turn or mirror the picture: write the matrix of the first track."""

    def change(path: Path) -> None:
        data = bytearray(path.read_bytes())
        at = data.index(b"tkhd") + 4 + 40
        one = 1 << 16
        data[at : at + 36] = struct.pack(">9i", a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30)
        path.write_bytes(data)

    return change


def slides(*seconds: float) -> dict[str, Any]:
    """Pictures that stay on screen for long, under sound that goes on."""
    return {
        "times": [round(each * 1000) for each in seconds],
        "time_base": THOUSANDTHS,
        "options": X264,
        "sound_seconds": max(seconds) + 3,
    }


JITTERED = [round(number * 40 + (number * 7919 % 13 - 6)) for number in range(60)]
SCREENCAST = sorted({*range(0, 500, 40), *range(1600, 2100, 40)})

SOURCES: dict[str, Source] = {
    "H.264 in MP4": Source(made={"options": X264}),
    "H.264 in MOV": Source(".mov", {"options": X264}),
    "H.264 in Matroska": Source(".mkv", {"options": X264}),
    "H.264 in a transport stream": Source(".ts", {"options": X264}),
    "H.264 in AVI": Source(".avi", {"options": {**X264, "bf": "0"}, "sound": "mp2"}),
    "H.264 in FLV": Source(".flv", {"options": X264}),
    "H.264 of open groups": Source(
        made={"options": {"preset": "ultrafast", "g": "12", "bf": "2", "x264-params": "open-gop=1"}}
    ),
    "H.264 of intra pictures": Source(made={"options": {"preset": "ultrafast", "g": "1"}}),
    "H.264 of one key frame": Source(made={"options": {"preset": "ultrafast", "g": "999"}}),
    "H.264 in ten bits": Source(made={"options": {**X264, "profile": "high10"}, "pixel_format": "yuv420p10le"}),
    "H.264 in 4:2:2": Source(made={"options": {**X264, "profile": "high422"}, "pixel_format": "yuv422p"}),
    "H.264 in 4:4:4": Source(made={"options": {**X264, "profile": "high444"}, "pixel_format": "yuv444p"}),
    "H.264 of full range": Source(made={"options": X264, "pixel_format": "yuvj420p"}),
    "H.264 of an odd size": Source(made={"options": X264, "size": (162, 98)}),
    "H.264 interlaced": Source(made={"options": {**X264, "flags": "+ildct+ilme", "x264-params": "tff=1"}}),
    "HEVC in MP4": Source(
        made={"codec": "libx265", "options": {"preset": "ultrafast", "x265-params": "log-level=none:keyint=12"}}
    ),
    "HEVC in Matroska": Source(
        ".mkv", {"codec": "libx265", "options": {"preset": "ultrafast", "x265-params": "log-level=none:keyint=12"}}
    ),
    "HEVC in ten bits": Source(
        made={
            "codec": "libx265",
            "pixel_format": "yuv420p10le",
            "options": {"preset": "ultrafast", "x265-params": "log-level=none:keyint=12"},
        }
    ),
    "VP8 in WebM": Source(
        ".webm", {"codec": "libvpx", "sound": "libopus", "options": {"deadline": "realtime", "cpu-used": "8"}}
    ),
    "VP9 in WebM": Source(
        ".webm", {"codec": "libvpx-vp9", "sound": "libopus", "options": {"deadline": "realtime", "cpu-used": "8"}}
    ),
    "MPEG-4 in AVI": Source(".avi", {"codec": "mpeg4", "sound": "mp2"}),
    "MPEG-4 with B-frames in AVI": Source(".avi", {"codec": "mpeg4", "sound": "mp2", "options": {"bf": "2"}}),
    "MPEG-4 in MP4": Source(made={"codec": "mpeg4", "options": {"bf": "2"}}),
    "MPEG-2 in a programme stream": Source(".mpg", {"codec": "mpeg2video", "sound": "mp2", "options": {"bf": "2"}}),
    "MPEG-2 in a transport stream": Source(".ts", {"codec": "mpeg2video", "sound": "mp2"}),
    "MPEG-1": Source(".mpg", {"codec": "mpeg1video", "sound": "mp2"}),
    "motion JPEG": Source(".avi", {"codec": "mjpeg", "sound": "pcm_s16le", "pixel_format": "yuvj422p"}),
    "ProRes": Source(".mov", {"codec": "prores_ks", "sound": "pcm_s16le", "pixel_format": "yuv422p10le"}),
    "ProRes 4444": Source(".mov", {"codec": "prores_ks", "sound": "pcm_s16le", "pixel_format": "yuv444p10le"}),
    "FFV1": Source(".mkv", {"codec": "ffv1", "sound": "flac"}),
    "Windows media": Source(".wmv", {"codec": "wmv2", "sound": None}),
    "30000/1001 a second": Source(made={"rate": Fraction(30000, 1001), "options": X264}),
    "60 a second": Source(made={"rate": 60, "frames": 130, "options": X264}),
    "12 a second": Source(made={"rate": 12, "frames": 30, "options": X264}),
    "one a second": Source(made={"rate": 1, "frames": 6, "options": X264}, ranges=((1.5, 4.5),)),
    "one in four seconds": Source(
        made={"rate": Fraction(1, 4), "frames": 4, "options": X264}, ranges=((1.0, 9.0), (5, 6))
    ),
    "jittered times": Source(made={"times": JITTERED, "time_base": THOUSANDTHS, "options": X264}),
    "a screencast": Source(
        made={"times": SCREENCAST, "time_base": THOUSANDTHS, "options": X264},
        ranges=((0.3, 1.0), (0.8, 1.8), (0.2, 2.0)),
    ),
    "slides": Source(made=slides(0, 3, 7), ranges=((1, 4), (4, 6), (2, 8), (7.5, 9), (0, 9))),
    "slides in Matroska": Source(".mkv", slides(0, 3, 7), ranges=((1, 4), (4, 6), (2, 8))),
    "a picture after the sound": Source(
        made=slides(*(2 + n / 25 for n in range(40))), ranges=((0, 3), (0.5, 1.5), (1, 2.5), (2.5, 3))
    ),
    "sound after the picture": Source(made={"frames": 30, "options": X264, "sound_seconds": 3.0}, ranges=((0.5, 2.5),)),
    "no sound": Source(made={"options": X264, "sound": None}),
    "MP3 sound": Source(made={"options": X264, "sound": "libmp3lame"}),
    "AC-3 sound": Source(".mkv", {"options": X264, "sound": "ac3"}),
    "turned a quarter": Source(made={"options": X264, "rotation": 90}),
    "turned over": Source(made={"options": X264, "rotation": 180}),
    "mirrored": Source(made={"options": X264}, changed=set_matrix(-1, 0, 0, 1)),
    "mirrored and turned": Source(made={"options": X264}, changed=set_matrix(0, 1, 1, 0)),
    "fragmented": Source(made={"options": X264}, changed=fragment),
    "fragmented and cut off": Source(made={"options": X264}, changed=cut_off, ranges=((0.5, 1.2),)),
}


def made(kind: Source, directory: Path) -> Path:
    path = directory / f"source{kind.suffix}"
    settings = {"frames": 60, "size": SIZE, **kind.made}
    make_numbered_video(path, **settings)
    if kind.changed is not None:
        kind.changed(path)
    return path


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
