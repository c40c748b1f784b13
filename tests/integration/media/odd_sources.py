"""Kinds of sources that tools write, and how each is made."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from moments_ray.testing.numbered import make_numbered_video

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
