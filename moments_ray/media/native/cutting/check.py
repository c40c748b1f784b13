"""Proves that a written clip is the planned one before it counts."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Discard
from av.video.stream import VideoStream

from moments_ray.errors import CutVerifyFailed
from moments_ray.media.native.cutting.clip import Pictures
from moments_ray.media.native.cutting.reader import shown_at

# Pictures decoded on both sides of a seam.
AROUND_SEAM = 2
# What the container rounds, and what a last frame of sound at 8 kHz may stand over.
_LENGTH_SLACK = Fraction(1, 1000)
_SOUND_OVERHANG = Fraction(1024, 8000)


@dataclass(frozen=True, slots=True)
class Written:
    """What a checked clip file holds."""

    width: int
    height: int
    bytes: int


def check_clip(path: Path, pictures: Pictures, seams: tuple[int, ...], *, sound: bool) -> Written:
    """Compare a clip file with its plan and decode its ends and both sides of each seam.

    A seam is the index of the first picture after it. Raises CutVerifyFailed naming the first difference.
    """
    try:
        with av.open(f"file:{path}", format="mp4", container_options={"protocol_whitelist": "file"}) as container:
            kinds = sorted(stream.type for stream in container.streams)
            _expect("streams", kinds, ["audio", "video"] if sound else ["video"])
            video = container.streams.video[0]
            for stream in container.streams.audio:
                stream.discard = Discard.all
            times = _check_times(container, video, pictures)
            # Errors show in what is parsed; what is only smoothed afterwards need not be. With several threads a
            # picture is handed out before the decoder knows that it is damaged.
            video.codec_context.options = {"err_detect": "explode", "skip_loop_filter": "all"}
            video.codec_context.thread_count = 1
            for begin, end in _windows(len(times), seams):
                rotation = _decode(container, video, times[begin:end])
            width, height = video.codec_context.width, video.codec_context.height
    except av.error.FFmpegError as error:
        raise CutVerifyFailed(f"The clip does not read back: {error.strerror}.") from error
    if rotation % 180:
        width, height = height, width
    return Written(width, height, path.stat().st_size)


def _check_times(container: InputContainer, video: VideoStream, pictures: Pictures) -> list[int]:
    """Compare every picture's time with the plan; return them in order, in the file's own ticks."""
    base = _time_base(video)
    shown = sorted(
        shown_at(packet) for packet in container.demux(video) if packet.dts is not None and not packet.is_discard
    )
    scale = pictures.time_base / base
    _expect("clock", scale.denominator, 1)
    planned = [(tick - pictures.start) * scale.numerator for tick in pictures.shown]
    _expect("number of pictures", len(shown), len(planned))
    for tick, time in zip(shown, planned, strict=True):
        if tick != time:
            _expect(f"picture at {float(time * base):.3f} s", float(tick * base), float(time * base))
    length = Fraction(container.duration or 0, av.time_base)
    if not -_LENGTH_SLACK <= length - pictures.duration <= _LENGTH_SLACK + _SOUND_OVERHANG:
        _expect("length", float(length), float(pictures.duration))
    return shown


def _windows(count: int, seams: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return the ranges of pictures around the ends and the seams, joined where they meet."""
    windows: list[tuple[int, int]] = []
    for seam in sorted({0, count, *seams}):
        begin, end = max(0, seam - AROUND_SEAM), min(count, seam + AROUND_SEAM)
        if windows and begin <= windows[-1][1]:
            begin = windows.pop()[0]
        windows.append((begin, end))
    return windows


def _decode(container: InputContainer, video: VideoStream, window: list[int]) -> int:
    """Decode from the key frame before a window of pictures to its end; return the rotation they are shown with."""
    container.seek(window[0], stream=video)
    missing = set(window)
    rotation = 0
    for packet in container.demux(video):
        before = packet.pts is not None and packet.pts < window[0]
        video.codec_context.skip_frame = "NONREF" if before else "DEFAULT"
        for frame in packet.decode():
            if frame.pts in missing and not frame.is_corrupt:
                missing.discard(frame.pts)
                rotation = frame.rotation
        if not missing:
            return rotation
    raise CutVerifyFailed(f"The picture at {float(min(missing) * _time_base(video)):.3f} s does not decode.")


def _time_base(video: VideoStream) -> Fraction:
    assert video.time_base is not None  # noqa: S101 - every demuxed stream has one
    return video.time_base


def _expect(what: str, found: object, planned: object) -> None:
    if found != planned:
        raise CutVerifyFailed(f"The clip's {what} is {found} and was planned as {planned}.")
