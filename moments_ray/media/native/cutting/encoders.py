"""Finds the H.264 encoder of this machine: one in hardware if a picture passes through it, else libx264."""

from __future__ import annotations

import functools
from fractions import Fraction
from typing import cast

import av.error
from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

_SOFTWARE = ("libx264", {"preset": "veryfast", "crf": "21", "profile": "high"})
# Those that take pictures from ordinary memory, with options that come near the software's quality.
_HARDWARE = (
    ("h264_nvenc", {"preset": "p5", "rc": "vbr", "cq": "23", "profile": "high"}),
    ("h264_qsv", {"preset": "medium", "global_quality": "23", "profile": "high"}),
    ("h264_videotoolbox", {"q:v": "60", "profile": "high", "allow_sw": "0"}),
)
# The smallest that every one of them accepts.
_PROBE_SIZE = (320, 240)


@functools.cache
def fastest_h264() -> tuple[str, dict[str, str]]:
    """Return the encoder to use and its options; the machine is asked once a process."""
    return next((found for found in _HARDWARE if _works(*found)), _SOFTWARE)


def _works(name: str, options: dict[str, str]) -> bool:
    """Encode one picture."""
    try:
        encoder = cast("VideoCodecContext", CodecContext.create(name, "w"))
        encoder.width, encoder.height = _PROBE_SIZE
        encoder.pix_fmt, encoder.time_base, encoder.options = "yuv420p", Fraction(1, 25), dict(options)
        frame = VideoFrame(*_PROBE_SIZE, "yuv420p")
        frame.pts = 0
        return bool([*encoder.encode(frame), *encoder.encode(None)])
    except (av.error.FFmpegError, ValueError):
        return False
