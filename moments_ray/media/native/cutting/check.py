"""Proves that a written clip is the planned one before it counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import google_crc32c
from av.container import InputContainer
from av.stream import Discard
from av.video.stream import VideoStream

from moments_ray.errors import CutVerifyFailed
from moments_ray.media.native.cutting.clip import Pictures
from moments_ray.media.native.cutting.reader import AnyPacket, shown_at

# Our own file's header says all there is to know; looking into its pictures for more costs as much as a seam.
_OPENING = {"protocol_whitelist": "file", "probesize": "32", "analyzeduration": "0"}
_AT_THE_START = 3
# What the container rounds, and what a last frame of sound at 8 kHz may stand over.
_LENGTH_SLACK = Fraction(1, 1000)
_SOUND_OVERHANG = Fraction(1024, 8000)


@dataclass(frozen=True, slots=True)
class Written:
    """What a checked clip file holds."""

    width: int
    height: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Proof:
    """What shows that a joined clip is sound.

    ``decoded`` are ranges of its packets, in their order in the file, which one decoder takes one after another: both
    sides of each seam. ``payload`` is the CRC-32C of all packets as they were written: those between the seams are the
    source's own, so that they come back whole is all there is to prove of them.
    """

    decoded: tuple[range, ...]
    payload: int


def check_clip(path: Path, pictures: Pictures, proof: Proof | None, *, sound: bool) -> Written:
    """Compare a clip file with its plan and decode it where it was joined, or at its ends if it was encoded whole.

    Raises CutVerifyFailed naming the first difference.
    """
    try:
        with av.open(f"file:{path}", format="mp4", container_options=_OPENING) as container:
            kinds = sorted(stream.type for stream in container.streams)
            _expect("streams", kinds, ["audio", "video"] if sound else ["video"])
            video = container.streams.video[0]
            for stream in container.streams.audio:
                stream.discard = Discard.all
            payload, last_key = _check_times(container, video, pictures)
            if proof is not None:
                _expect("payload", payload, proof.payload)
            count = len(pictures.shown)
            rotation = _decode(container, video, proof.decoded if proof else _ends(count, last_key))
            width, height = video.codec_context.width, video.codec_context.height
    except av.error.FFmpegError as error:
        raise CutVerifyFailed(f"The clip does not read back: {error.strerror}.") from error
    if rotation % 180:
        width, height = height, width
    return Written(width, height, path.stat().st_size)


def _check_times(container: InputContainer, video: VideoStream, pictures: Pictures) -> tuple[int, int]:
    """Compare every picture's time with the plan; return the packets' CRC-32C and the index of the last key frame."""
    base = _time_base(video)
    shown: list[int] = []
    payload = last_key = 0
    for packet in _packets(container, video):
        if packet.is_keyframe:
            last_key = len(shown)
        shown.append(shown_at(packet))
        payload = google_crc32c.extend(payload, bytes(packet))
    shown.sort()
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
    return payload, last_key


def _ends(count: int, last_key: int) -> tuple[range, ...]:
    """Return the first pictures, and the last ones from a key frame on."""
    first = range(min(_AT_THE_START, last_key or count))
    return (first, range(last_key, count)) if last_key else (range(count),)


def _decode(container: InputContainer, video: VideoStream, wanted: tuple[range, ...]) -> int:
    """Decode ranges of packets as if they followed each other; return the rotation they are shown with."""
    codec = video.codec_context
    # Errors show in what is parsed; what is only smoothed afterwards need not be. With several threads a picture is
    # handed out before the decoder knows that it is damaged.
    codec.options = {"err_detect": "explode", "skip_loop_filter": "all"}
    codec.thread_count = 1
    missing = sum(len(part) for part in wanted)
    rotation = 0
    container.seek(0, stream=video)
    for index, packet in enumerate(chain(_packets(container, video), [None])):
        if packet is not None and not any(index in part for part in wanted):
            continue
        for frame in codec.decode(packet):
            if frame.is_corrupt:
                raise CutVerifyFailed(f"The picture at {frame.time or 0:.3f} s does not decode cleanly.")
            missing -= 1
            rotation = frame.rotation
    _expect("number of pictures that do not decode", missing, 0)
    return rotation


def _packets(container: InputContainer, video: VideoStream) -> Iterator[AnyPacket]:
    """Yield what is to be shown."""
    for packet in container.demux(video):
        if packet.dts is not None and not packet.is_discard:
            yield packet


def _time_base(video: VideoStream) -> Fraction:
    assert video.time_base is not None  # noqa: S101 - every demuxed stream has one
    return video.time_base


def _expect(what: str, found: object, planned: object) -> None:
    if found != planned:
        raise CutVerifyFailed(f"The clip's {what} is {found} and was planned as {planned}.")
