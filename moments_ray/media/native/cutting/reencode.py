"""An accurate cut by decoding and encoding every picture: slow, and right for everything that decodes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Protocol, cast

from av.container import OutputContainer
from av.filter import Graph
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from moments_ray.media.native.cutting.check import Written, check_clip
from moments_ray.media.native.cutting.clip import Pictures, mux, open_output
from moments_ray.media.native.cutting.presets import Encoding
from moments_ray.media.native.cutting.reader import AnyPacket, PictureReader, SoundReader
from moments_ray.media.native.cutting.soundtrack import encoded_sound

_UNKNOWN_RATE = Fraction(25)


class Filters:
    """Passes pictures through an encoding's filters, one for one; a picture that fits already is not touched."""

    def __init__(self, encoding: Encoding, time_base: Fraction) -> None:
        self._encoding = encoding
        self._time_base = time_base
        self._graph: Graph | None = None
        self._input: tuple[int, int, str] | None = None

    def apply(self, frame: VideoFrame) -> VideoFrame:
        """Return the picture as the encoder takes it."""
        if not self._encoding.filters and frame.format.name == self._encoding.pixel_format:
            return frame
        shape = (frame.width, frame.height, frame.format.name)
        if self._graph is None or shape != self._input:
            self._graph, self._input = self._build(frame), shape
        self._graph.vpush(frame)
        return self._graph.vpull()

    def _build(self, frame: VideoFrame) -> Graph:
        graph = Graph()
        nodes = [
            graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=self._time_base),
            *(graph.add(name, arguments) for name, arguments in self._encoding.filters),
            graph.add("format", f"pix_fmts={self._encoding.pixel_format}"),
            graph.add("buffersink"),
        ]
        graph.link_nodes(*nodes).configure()
        return graph


class Overlay(Protocol):
    """What is laid over pictures after their filters."""

    def over(self, tick: int, frame: VideoFrame) -> VideoFrame:
        """Return the picture that is shown at a tick of the source with what belongs to that time."""
        ...


class EncodedClip:
    """A clip of pictures that begin at its first one, and of the sound that goes with them, all encoded."""

    def __init__(
        self,
        path: Path,
        reader: PictureReader,
        frames: Iterator[tuple[int, VideoFrame]],
        sound: SoundReader | None,
        *,
        encoding: Encoding,
        overlay: Overlay | None,
        level: bool,
        threads: int,
    ) -> None:
        self.path = path
        self.pictures = Pictures(reader.time_base)
        self._reader = reader
        self._frames = frames
        self._sound = sound
        self._encoding = encoding
        self._overlay = overlay
        self._level = level
        self._threads = threads
        self._heard = False

    def write(self, stop: int) -> Iterator[None]:
        """Write everything before a tick of the source; yields after every picture."""
        frames = self._fitting()
        first = next(frames)
        with open_output(self.path, self.pictures.time_base) as output:
            stream = add_pictures(output, self._reader, first[1], self._encoding, self._threads)
            usual = self._reader.usual_duration
            packets = encoded(chain([first], frames), stream, self.pictures, stop, usual)
            heard = encoded_sound(output, self._sound, first[0], stop, self.pictures, level=self._level)
            self._heard = heard is not None
            yield from mux(output, packets, heard or iter(()))

    def check(self) -> Written:
        """Compare the file with what went into it; raises CutVerifyFailed."""
        return check_clip(self.path, self.pictures, None, sound=self._heard)

    def _fitting(self) -> Iterator[tuple[int, VideoFrame]]:
        filters = Filters(self._encoding, self.pictures.time_base)
        for shown, frame in self._frames:
            fitted = filters.apply(frame)
            yield shown, fitted if self._overlay is None else self._overlay.over(shown, fitted)


def shared(frames: Iterator[tuple[int, VideoFrame]], count: int) -> list[Iterator[tuple[int, VideoFrame]]]:
    """Give the same pictures to several takers that go on side by side; only what not all have taken is kept.

    ``itertools.tee`` keeps up to 57 for even one taker, which in 4K are more than a gigabyte.
    """
    waiting: list[deque[tuple[int, VideoFrame]]] = [deque() for _ in range(count)]

    def taken(own: deque[tuple[int, VideoFrame]]) -> Iterator[tuple[int, VideoFrame]]:
        while True:
            if not own:
                following = next(frames, None)
                if following is None:
                    return
                for each in waiting:
                    each.append(following)
            yield own.popleft()

    return [taken(own) for own in waiting]


def add_pictures(
    output: OutputContainer, reader: PictureReader, first: VideoFrame, encoding: Encoding, threads: int
) -> VideoStream:
    """Add a stream to an output, set up for the first picture: its size, colours and rotation."""
    options = {name: value.format(threads=threads) for name, value in encoding.options.items()}
    rate = reader.stream.average_rate or _UNKNOWN_RATE
    stream = cast("VideoStream", output.add_stream(encoding.codec, rate=rate, options=options))
    codec = stream.codec_context
    codec.width, codec.height, codec.pix_fmt = first.width, first.height, encoding.pixel_format
    codec.time_base = reader.time_base
    codec.thread_count = threads
    if encoding.aspect is not None:
        codec.sample_aspect_ratio = encoding.aspect
    codec.color_range, codec.colorspace = first.color_range, first.colorspace
    codec.color_primaries, codec.color_trc = first.color_primaries, first.color_trc
    if encoding.codec == "libx265":
        codec.codec_tag = "hvc1"
    if first.rotation and not encoding.turned:
        stream.set_display_rotation(first.rotation)
    return stream


def encoded(
    frames: Iterator[tuple[int, VideoFrame]], stream: VideoStream, pictures: Pictures, end: int, usual_duration: int
) -> Iterator[list[AnyPacket]]:
    """Encode pictures until ``end`` (a tick of the source), noting each; times in the output count from the first.

    Yields what came out as each went in.
    """
    durations: dict[int, int] = {}
    last_duration = 0
    for shown, frame in frames:
        _give_way(pictures, durations, shown)
        if shown >= end:
            pictures.end = shown
            break
        pictures.shown.append(shown)
        last_duration = frame.duration
        frame.time_base, frame.pts, frame.pict_type = pictures.time_base, shown - pictures.start, PictureType.NONE
        yield list(_stamped(stream.encode(frame), durations))
    else:
        pictures.end = pictures.shown[-1] + (last_duration or usual_duration)
        _give_way(pictures, durations, pictures.end)
    yield list(_stamped(stream.encode(None), durations))


def _give_way(pictures: Pictures, durations: dict[int, int], now: int) -> None:
    """Note that the picture shown so far gives way to the next one, or to nothing, now."""
    if pictures.shown:
        durations[pictures.shown[-1] - pictures.start] = now - pictures.shown[-1]


def _stamped(packets: Iterable[AnyPacket], durations: dict[int, int]) -> Iterator[AnyPacket]:
    """Give every packet the time its picture stays, so that the last one is not guessed."""
    for packet in packets:
        if packet.pts in durations:
            packet.duration = durations.pop(packet.pts)
        yield packet
