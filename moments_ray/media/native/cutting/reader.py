"""Reads one stream of a source from a key frame at or before any position."""

from __future__ import annotations

import functools
import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, closing
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard, Disposition, Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from moments_ray.errors import UnsupportedMedia
from moments_ray.media.native.source import moving_picture, open_source, origin, require_decodable

if TYPE_CHECKING:
    from moments_ray.media.native.cutting.remote import RemoteFile
    from moments_ray.media.source import SourceOptions

AnyPacket: TypeAlias = "Packet[Any]"

# No more pictures than this may be decoded before one that is shown before them (ITU-T H.264, A.3.1; H.265, A.4.2).
DEEPEST_REORDERING = 16

_UNKNOWN_RATE = Fraction(25)
# Two pictures of 4K in 10 bits.
_ROOM_BYTES = 50_000_000
# One packet of these is one picture, so the demuxer's times are the frame grid. VP8 and VP9 have invisible packets.
_ONE_PICTURE_A_PACKET = frozenset({"h264", "hevc"})
_MAYBE_PACKED = frozenset({"mpeg4"})
_PROBED_PACKETS = 64


class Reader(ABC):
    """One stream of a source, opened once and read many times; positions are ticks of ``time_base``.

    Two streams are read by two readers, so that each is demuxed lazily and neither waits in memory for the other.
    """

    container: InputContainer
    stream: Stream
    time_base: Fraction
    first_tick: int

    def __init__(self, source: SourceOptions, remote: RemoteFile | None) -> None:
        self._source = source
        self._remote = remote
        self._opened = ExitStack()
        self._open()

    def _open(self) -> None:
        self.close()
        file = None if self._remote is None else self._remote.view()
        self.container = self._opened.enter_context(open_source(self._source, file))
        self.stream = self._choose()
        for stream in self.container.streams:
            if stream.index != self.stream.index:
                stream.discard = Discard.all
        self.time_base = self.stream.time_base or Fraction(1, av.time_base)
        self.first_tick = self.stream.start_time or 0

    @abstractmethod
    def _choose(self) -> Stream:
        """Return the stream to read."""

    @property
    def origin(self) -> Fraction:
        """The stream's own time of the source's position 0, in seconds."""
        return origin(self.container)

    @property
    def duration(self) -> Fraction | None:
        """What the container says its length is, in seconds."""
        return None if self.container.duration is None else Fraction(self.container.duration, av.time_base)

    def close(self) -> None:
        """Close the source."""
        self._opened.close()

    def packets_from(self, tick: int) -> Iterator[AnyPacket]:
        """Yield packets in decoding order, from a key frame shown at or before ``tick`` where there is one."""
        return next(self._runs(tick))

    def _runs(self, tick: int) -> Iterator[Iterator[AnyPacket]]:
        """Yield ways to reach a tick, each beginning earlier than the one before and the last at the very beginning.

        Where a seek lands is checked and not believed: an index may be wrong, or absent (MPEG-TS).
        """
        distance = 0
        step = int(1 / self.time_base)
        while tick - distance > self.first_tick:
            try:
                self.container.seek(tick - distance, stream=self.stream)
                packets = self._packets()
                first = next(packets, None)
            except av.error.FFmpegError:
                break  # cannot seek; from the beginning it may still read
            if first is not None and first.is_keyframe and shown_at(first) <= tick:
                yield itertools.chain([first], packets)
            distance, step = distance + step, step * 2
        self._open()
        yield self._packets()

    def _packets(self) -> Iterator[AnyPacket]:
        """Yield what has a time; the demuxer's last, empty packet is left out."""
        for packet in self.container.demux(self.stream):
            if packet.dts is not None or packet.pts is not None:
                yield packet


class PictureReader(Reader):
    """The pictures of a source; ``lost`` counts those that were decoded and have no time of their own."""

    codec: VideoCodecContext

    def __init__(self, source: SourceOptions, remote: RemoteFile | None, threads: int) -> None:
        self._threads = threads
        self.lost = 0
        super().__init__(source, remote)

    def _choose(self) -> Stream:
        stream = moving_picture(self.container)
        require_decodable(stream, self._source)
        codec = stream.codec_context
        codec.options = {"max_pixels": str(self._source["max_pixels"])}
        # With one thread a picture's decoding time is that of the packet it came out with, which may be all we have.
        codec.thread_count = 1 if codec.name in _MAYBE_PACKED else self._threads
        self.codec = codec
        return stream

    def shown_at(self, packet: AnyPacket) -> int:
        """Return when a packet is shown, in ticks, as far as packets tell; none is before the first picture."""
        if packet.dts is not None and self._by_decoding_time:
            return max(packet.dts, self._first[0])
        return shown_at(packet)

    @functools.cached_property
    def _by_decoding_time(self) -> bool:
        """Whether presentation times run backward, as those of DivX and XviD with packed B-frames do.

        Players then take the time at which a picture comes out of the decoder, and so do we.
        """
        if self.codec.name not in _MAYBE_PACKED:
            return False
        with closing(PictureReader(self._source, self._remote, 1)) as beginning:
            packets = itertools.islice(beginning.packets_from(beginning.first_tick), _PROBED_PACKETS)
            ticks = [
                frame.pts for packet in packets for frame in _decode(beginning.codec, packet) if frame.pts is not None
            ]
        return any(after <= before for before, after in itertools.pairwise(ticks))

    @property
    def usual_duration(self) -> int:
        """How long a picture stays, in ticks, where nothing says it of the picture itself."""
        rate = self.stream.average_rate or _UNKNOWN_RATE
        return max(1, round(1 / rate / self.time_base))

    @property
    def sample(self) -> VideoFrame:
        """The first picture of the source, which shows how all are turned and coloured."""
        return self._first[1]

    @functools.cached_property
    def _first(self) -> tuple[int, VideoFrame]:
        # By a reader of its own: this one may be in the middle of a range.
        with closing(PictureReader(self._source, self._remote, self._threads)) as beginning:
            found = next(beginning.pictures_from(beginning.first_tick), None)
        if found is None:
            raise UnsupportedMedia("Not one picture of the source can be decoded.")
        return found

    def pictures_on_screen(self, begin: int, held: int | None) -> Iterator[tuple[int, VideoFrame]]:
        """Yield pictures as ``pictures_from`` does, with the ``held`` one first, at ``begin``, where there is one."""
        if held is None:
            yield from self.pictures_from(begin)
            return
        pictures = self.pictures_from(held)
        first = next(pictures, None)
        if first is not None:
            yield begin, first[1]
            yield from (each for each in pictures if each[0] > begin)

    def pictures_from(self, tick: int) -> Iterator[tuple[int, VideoFrame]]:
        """Yield pictures shown at or after ``tick`` with their own ticks, in order of presentation, to the end.

        A key frame's flag may be a recovery point from which the first pictures do not decode; then an earlier one
        is taken.
        """
        for run in self._runs(tick):
            pictures = self._decoded(run, tick)
            first = next(pictures, None)
            if first is not None:
                yield first
                yield from pictures
                return

    def _decoded(self, packets: Iterator[AnyPacket], tick: int) -> Iterator[tuple[int, VideoFrame]]:
        """Decode a run and yield what is shown from ``tick`` on; nothing at all if its first picture is missing."""
        expected: int | None = None
        last: int | None = None
        for packet in itertools.chain(packets, [None]):
            if packet is not None and self.codec.name in _ONE_PICTURE_A_PACKET and not packet.is_discard:
                planned = shown_at(packet)
                self.codec.skip_frame = "NONREF" if planned < tick else "DEFAULT"
                if planned >= tick and last is None:
                    expected = planned if expected is None else min(expected, planned)
            for frame in _decode(self.codec, packet):
                shown = self._shown(frame, last)
                if shown is None or shown < tick:
                    continue
                if last is not None and shown <= last:
                    self.lost += 1
                    continue
                if last is None and expected is not None and shown > expected:
                    return
                last = shown
                yield shown, frame

    def _shown(self, frame: VideoFrame, last: int | None) -> int | None:
        if not self._by_decoding_time:
            return frame.pts if frame.pts is not None else frame.dts
        if frame.dts is None and last is not None:
            return last + self.usual_duration  # the last ones come out when there are no packets left
        return frame.dts


class SoundReader(Reader):
    """The sound that goes with a source's pictures."""

    codec: AudioCodecContext

    def _choose(self) -> Stream:
        tracks = [stream for stream in self.container.streams.audio if stream.codec_context is not None]
        if not tracks:
            raise UnsupportedMedia("The source has no sound that we can decode.")
        stream = next((track for track in tracks if track.disposition & Disposition.default), tracks[0])
        self.codec = stream.codec_context
        return stream

    def sound_from(self, time: Fraction) -> Iterator[AudioFrame]:
        """Yield decoded sound beginning at or before a time of the stream, in seconds."""
        for packet in itertools.chain(self.packets_from(int(time / self.time_base)), [None]):
            yield from _decode(self.codec, packet)


def _decode(codec: Any, packet: AnyPacket | None) -> Any:
    """Decode one packet into its frames; a damaged one gives none, as in any player.

    Raises MemoryError where it is memory that was missing: decoders call that damage too, and give no more pictures.
    """
    try:
        return codec.decode(packet)
    except av.error.InvalidDataError:
        require_memory()
        return []


def require_memory() -> None:
    """Raise MemoryError where there is none for a picture: codecs have other words for that."""
    bytearray(_ROOM_BYTES)


def shown_at(packet: AnyPacket) -> int:
    """Return when a packet is shown, in ticks; containers without presentation times have no reordering."""
    shown = packet.pts if packet.pts is not None else packet.dts
    assert shown is not None  # noqa: S101 - packets without any time were left out
    return shown
