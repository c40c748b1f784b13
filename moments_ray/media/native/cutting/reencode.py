"""An accurate cut by decoding and encoding every picture: slow, and right for everything that decodes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Protocol, cast

from av.codec.context import Flags
from av.container import OutputContainer
from av.filter import Graph
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from moments_ray.errors import CutVerifyFailed
from moments_ray.media.native.cutting.check import Written, check_clip
from moments_ray.media.native.cutting.clip import Pictures, mux, open_output
from moments_ray.media.native.cutting.presets import Encoding
from moments_ray.media.native.cutting.reader import AnyPacket, PictureReader, SoundReader
from moments_ray.media.native.cutting.screen import Screen
from moments_ray.media.native.cutting.soundtrack import encoded_sound

_UNKNOWN_RATE = Fraction(25)
_MOST_LOST_SHARE = 0.02  # a picture that is there twice now and then


class Filters:
    """Passes pictures through an encoding's filters; a picture that fits already is not touched.

    As many come out as go in, but some filters hand out one only when they have seen the next.
    """

    def __init__(self, encoding: Encoding, time_base: Fraction) -> None:
        self._encoding = encoding
        self._time_base = time_base
        self._graph: Graph | None = None
        self._input: tuple[int, int, str] | None = None
        self._inside: deque[int] = deque()

    def apply(self, frames: Iterable[tuple[int, VideoFrame]]) -> Iterator[tuple[int, VideoFrame]]:
        """Yield pictures with their ticks as the encoder takes them."""
        for shown, frame in frames:
            if not self._encoding.filters and frame.format.name == self._encoding.pixel_format:
                yield shown, frame
                continue
            shape = (frame.width, frame.height, frame.format.name)
            if self._graph is None or shape != self._input:
                yield from self._rest()
                self._graph, self._input = self._build(frame), shape
            frame.pts, frame.time_base = shown, self._time_base  # filters that look at neighbours want them in order
            self._inside.append(shown)
            self._graph.vpush(frame)
            yield from self._ready(self._graph)
        yield from self._rest()

    def _ready(self, graph: Graph) -> Iterator[tuple[int, VideoFrame]]:
        while self._inside:
            try:
                frame = graph.vpull()
            except (BlockingIOError, EOFError):
                return
            yield self._inside.popleft(), frame

    def _rest(self) -> Iterator[tuple[int, VideoFrame]]:
        if self._graph is not None and self._inside:
            self._graph.vpush(None)
            yield from self._ready(self._graph)

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
        screen: Screen,
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
        self._screen = screen
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
            packets = encoded(chain([first], frames), stream, self.pictures, stop, self._screen)
            heard = encoded_sound(output, self._sound, first[0], stop, self.pictures, level=self._level)
            self._heard = heard is not None
            yield from mux(output, packets, heard or iter(()))

    def described(self, reason: str | None) -> str | None:
        """Return why the clip was encoded, with what that cost of the source."""
        return "; ".join(each for each in (reason, self._encoding.lost) if each) or None

    def check(self) -> Written:
        """Compare the file with what the source decodes to; raises CutVerifyFailed."""
        lost, count = self._reader.lost, len(self.pictures.shown)
        if lost > _MOST_LOST_SHARE * count:
            raise CutVerifyFailed(
                f"Of {count + lost} pictures of the source {lost} have times that run backward; convert it first."
            )
        return check_clip(self.path, self.pictures, None, sound=self._heard)

    def _fitting(self) -> Iterator[tuple[int, VideoFrame]]:
        filters = Filters(self._encoding, self.pictures.time_base)
        for shown, fitted in filters.apply(self._frames):
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
    if encoding.interlaced:
        codec.flags |= Flags.interlaced_dct | Flags.interlaced_me
    if encoding.codec == "libx265":
        codec.codec_tag = "hvc1"
    if first.rotation and not encoding.turned:
        stream.set_display_rotation(first.rotation)
    return stream


def encoded(
    frames: Iterator[tuple[int, VideoFrame]], stream: VideoStream, pictures: Pictures, stop: int, screen: Screen
) -> Iterator[list[AnyPacket]]:
    """Encode pictures until ``stop`` (a tick of the source), noting each; times in the output count from the first.

    Yields what came out as each went in.
    """
    durations: dict[int, int] = {}
    last_duration = 0
    first_decoded: int | None = None
    for shown, frame in frames:
        if shown >= stop:
            pictures.end = screen.clip_end(pictures.shown[-1], shown, stop, is_last=False)
            break
        _give_way(pictures, durations, shown)
        pictures.shown.append(shown)
        last_duration = frame.duration
        frame.time_base, frame.pts, frame.pict_type = pictures.time_base, shown - pictures.start, PictureType.NONE
        given = list(_stamped(stream.encode(frame), durations))
        first_decoded = given[0].dts if given and first_decoded is None else first_decoded
        yield given
    else:
        gives_way = pictures.shown[-1] + (last_duration or screen.usual)
        pictures.end = screen.clip_end(pictures.shown[-1], gives_way, stop, is_last=True)
    _give_way(pictures, durations, pictures.end)
    given = list(_stamped(stream.encode(None), durations))
    if given and given[-1].dts is not None:
        begun = given[0].dts if first_decoded is None else first_decoded
        given[-1].duration = pictures.last_lasts(given[-1].dts - (begun or 0))
    yield given


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
