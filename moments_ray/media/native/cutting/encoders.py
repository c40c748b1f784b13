"""Finds the H.264 encoder of this machine: one in hardware if a picture passes through it, else libx264."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import av.error
from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame


@dataclass(frozen=True, slots=True)
class Encoder:
    """An encoder, its options, and how pictures lie in memory for it (in 8 bits, 4:2:0)."""

    codec: str
    options: dict[str, str]
    pixel_format: str = "yuv420p"


_SOFTWARE = Encoder("libx264", {"preset": "veryfast", "crf": "21", "profile": "high"})
# Those that take pictures from ordinary memory, with options that come near the software's quality. VAAPI is not among
# them: it wants them on the graphics card, and the libav of our wheels is built without it.
_HARDWARE = (
    Encoder("h264_nvenc", {"preset": "p5", "rc": "vbr", "cq": "23", "profile": "high"}),
    Encoder("h264_qsv", {"preset": "medium", "global_quality": "23", "profile": "high"}, "nv12"),
    Encoder("h264_videotoolbox", {"q:v": "60", "profile": "high", "allow_sw": "0"}),
)
# The smallest that every one of them accepts.
_PROBE_SIZE = (320, 240)


@functools.cache
def fastest_h264() -> Encoder:
    """Return the encoder to use; the machine is asked once a process."""
    return next((found for found in _HARDWARE if _works(found)), _SOFTWARE)


def _works(candidate: Encoder) -> bool:
    """Encode one picture."""
    try:
        encoder = cast("VideoCodecContext", CodecContext.create(candidate.codec, "w"))
        encoder.width, encoder.height = _PROBE_SIZE
        encoder.pix_fmt, encoder.time_base = candidate.pixel_format, Fraction(1, 25)
        encoder.options = dict(candidate.options)
        frame = VideoFrame(*_PROBE_SIZE, candidate.pixel_format)
        frame.pts = 0
        return bool([*encoder.encode(frame), *encoder.encode(None)])
    except (av.error.FFmpegError, ValueError):
        return False
