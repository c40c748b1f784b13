"""Finds the frame that is on screen at a given time and writes it upright as a JPEG, in a child."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

import av
import av.error
from av.container import InputContainer
from av.filter import Graph
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from moments_ray.errors import MediaError
from moments_ray.media.native.source import frame_seconds, moving_picture, open_source, origin, require_decodable

if TYPE_CHECKING:
    from moments_ray.media.source import SourceOptions

# libav's unit of quality is 118 to a quantiser step; 3 of 31 is hard to tell from the source at these sizes.
_JPEG_QUALITY = 3 * 118
_TURNS = {0: (), 90: ("transpose=clock",), 180: ("hflip", "vflip"), 270: ("transpose=cclock",)}


class PictureSpec(TypedDict):
    """A picture to write: position in seconds, how far before it a key frame may stand in (0: not at all), where."""

    seconds: float
    tolerance: float
    path: str


class Job(TypedDict):
    """Pictures wanted of one source; ``width`` in pixels is a bound, small sources are not enlarged."""

    source: SourceOptions
    wanted: list[PictureSpec]
    width: int
    threads: int


class Shown(NamedTuple):
    """A frame and the time (seconds) at which it comes on screen."""

    frame: VideoFrame
    seconds: Fraction


def write(job: Job, report_progress: Callable[[float], None]) -> list[dict[str, Any]]:
    """Write every wanted picture; return the path, time (seconds), width and height of each."""
    written = []
    with open_source(job["source"]) as container:
        stream = moving_picture(container)
        require_decodable(stream, job["source"])
        stream.codec_context.thread_count = job["threads"]
        cursor = _Cursor(container, stream)
        for number, wanted in enumerate(job["wanted"]):
            frame, seconds = cursor.frame_at(Fraction(wanted["seconds"]), Fraction(wanted["tolerance"]))
            jpeg, width, height = _jpeg(frame, _display_ratio(stream, frame), job["width"])
            _write_whole(wanted["path"], jpeg)
            written.append({"path": wanted["path"], "seconds": float(seconds), "width": width, "height": height})
            report_progress((number + 1) / len(job["wanted"]))
    return written


class _Cursor:
    """A position in a stream that goes forward by decoding and elsewhere by seeking, whichever decodes less."""

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self._container = container
        self._stream = stream
        self._start = origin(container)
        self._shown: Shown | None = None
        self._coming: Iterator[Shown] = iter(())

    def frame_at(self, target: Fraction, tolerance: Fraction) -> Shown:
        """Return the frame on screen at ``target``, or one at most ``tolerance`` before it; the ends are held."""
        shown = self._shown
        if shown is None or target < shown.seconds or self._has_key_frame_in(shown.seconds, target):
            shown = self._enter(target)
        while target - shown.seconds > tolerance:
            following = next(self._coming, None)
            if following is None:
                break
            if following.seconds > target:
                self._coming = itertools.chain([following], self._coming)
                break
            shown = following
        self._shown = shown
        return shown

    def _enter(self, target: Fraction) -> Shown:
        """Seek to a key frame at or before ``target``; where a container lands too late, ask for twice as early."""
        # Asked for the very start, MPEG-TS gives the second key frame; a second earlier it gives the first.
        earliest = (self._container.start_time or 0) - 1_000_000
        for back in (0, *(2**power for power in range(17))):
            entry = max(int((target + self._start - back) * 1_000_000), earliest)
            try:
                self._container.seek(entry)
            except av.error.FFmpegError:
                # AVI refuses what is before its first entry.
                self._container.seek(self._container.start_time or 0)
            self._coming = self._decode()
            shown = next(self._coming, None)
            if shown is not None and (shown.seconds <= target or entry == earliest):
                return shown
        raise MediaError(f"No picture could be decoded at {float(target):.3f} s.")

    def _has_key_frame_in(self, after: Fraction, until: Fraction) -> bool:
        """Whether the index knows a key frame to jump to; without an index a seek may be worth it."""
        base, entries = Fraction(self._stream.time_base or 1), self._stream.index_entries
        entry = entries.search_timestamp(int((until + self._start) / base)) if len(entries) else None
        return entry is None or entry < 0 or entries[entry].timestamp * base - self._start > after

    def _decode(self) -> Iterator[Shown]:
        """Yield frames in the order they are shown; a damaged packet costs its frames only."""
        for packet in self._container.demux(self._stream):
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                continue
            for frame in frames:
                yield Shown(frame, frame_seconds(frame, self._start))


def _display_ratio(stream: VideoStream, frame: VideoFrame) -> Fraction:
    """Return the width by the height that the frame is shown with, before any turn."""
    return Fraction(frame.width, frame.height) * (stream.sample_aspect_ratio or 1)


def _jpeg(frame: VideoFrame, ratio: Fraction, bound: int) -> tuple[bytes, int, int]:
    """Turn a frame upright, scale it to at most ``bound`` pixels in width, and encode it."""
    turn = -frame.rotation % 360
    turned = turn in {90, 270}
    ratio = 1 / ratio if turned else ratio
    width = min(bound, frame.height if turned else frame.width)
    width -= width % 2
    height = max(2, round(width / ratio / 2) * 2)
    picture = _filtered(frame, (*_TURNS.get(turn, ()), f"scale={width}:{height}:flags=area", "format=yuvj420p"))
    encoder = av.CodecContext.create("mjpeg", "w")
    if not isinstance(encoder, VideoCodecContext):
        raise MediaError("This build of libav cannot write JPEG.")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuvj420p"
    encoder.time_base = Fraction(1, 25)
    encoder.qscale = True
    encoder.global_quality = _JPEG_QUALITY
    picture.pts = 0
    return b"".join(bytes(packet) for packet in (*encoder.encode(picture), *encoder.encode(None))), width, height


def _filtered(frame: VideoFrame, filters: tuple[str, ...]) -> VideoFrame:
    """Run one frame through a chain of filters."""
    graph = Graph()
    nodes = [graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1))]
    for text in filters:
        name, _, arguments = text.partition("=")
        nodes.append(graph.add(name, arguments or None))
    nodes.append(graph.add("buffersink"))
    graph.link_nodes(*nodes).configure()
    frame.pts = 0
    graph.push(frame)
    result = graph.pull()
    if not isinstance(result, VideoFrame):
        raise MediaError("A picture could not be scaled.")
    return result


def _write_whole(path: str, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    partial = f"{path}.part"
    with open(partial, "wb") as file:  # noqa: PTH123 - pathlib costs a third of this child's start
        file.write(content)
    os.replace(partial, path)  # noqa: PTH105 - as above
