"""A cut that copies pictures and encodes only those before the first clean key frame and after the last group."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import cast

import av.error
import google_crc32c
from av.codec.context import CodecContext, Flags
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from moments_ray.errors import CutVerifyFailed
from moments_ray.media.native.cutting.check import Proof
from moments_ray.media.native.cutting.plan import CannotCopy, Plan
from moments_ray.media.native.cutting.reader import AnyPacket, PictureReader
from moments_ray.media.native.cutting.splice import Splice, replaced

_UNKNOWN_RATE = Fraction(25)
# How many pictures are decoded on either side of the first seam.
_BEFORE_SEAM = 2
_AFTER_SEAM = 3


class SmartCut:
    """One planned range being written into one output."""

    def __init__(self, reader: PictureReader, plan: Plan, splice: Splice, threads: int) -> None:
        self._reader = reader
        self._plan = plan
        self._splice = splice
        self._threads = threads
        self._shown = plan.pictures.shown
        self._payload = 0
        self._lasts = dict(zip(self._shown, [*self._shown[1:], plan.pictures.end or 0], strict=True))

    @property
    def proof(self) -> Proof:
        """What to check of the written clip: the seams, the second beside the first instead of its whole group."""
        head, tail, count = self._plan.head, self._plan.tail_from, len(self._shown)
        before = range(max(0, head - _BEFORE_SEAM), min(head + _AFTER_SEAM, tail))
        return Proof((before, range(tail, count)), self._payload)

    def add_stream(self, output: OutputContainer) -> VideoStream:
        """Add the source's stream to an output, with a header that fits the encoded pictures as well."""
        stream = cast("VideoStream", output.add_stream_from_template(self._reader.stream, opaque=True))
        edge = self._encoder().extradata if self._plan.head or self._plan.tail_from < len(self._shown) else None
        header = self._splice.header(edge or b"")
        if header is not None:
            stream.codec_context.extradata = header
        self._stream = stream
        return stream

    def packets(self) -> Iterator[list[AnyPacket]]:
        """Yield the clip's packets one by one in decoding order, times counting from its first picture."""
        plan = self._plan
        for decoded, packet in zip(plan.decoded, self._joined(), strict=True):
            shown = cast("int", packet.pts)
            packet.pts = shown - plan.pictures.start
            packet.dts = decoded - plan.pictures.start
            packet.duration = self._lasts[shown] - shown
            if decoded == plan.decoded[-1]:
                packet.duration = plan.pictures.last_lasts(decoded - plan.decoded[0])
            packet.time_base = plan.pictures.time_base
            packet.stream = self._stream
            self._payload = google_crc32c.extend(self._payload, bytes(packet))
            yield [packet]

    def _joined(self) -> Iterator[AnyPacket]:
        yield from self._encoded(
            self._shown[: self._plan.head], key_at=self._plan.head - _BEFORE_SEAM, held=self._plan.held
        )
        yield from self._copied()
        yield from self._encoded(self._shown[self._plan.tail_from :])

    def _copied(self) -> Iterator[AnyPacket]:
        expected = iter(self._plan.copied)
        wanted = next(expected, None)
        first = True
        for packet in self._reader.packets_from(self._plan.copied[0]):
            if packet.is_discard or (packet.pts or 0) < self._plan.copied[0]:
                continue
            if packet.pts != wanted:
                break
            yield replaced(packet, self._splice.copied(packet, first=first))
            first = False
            wanted = next(expected, None)
            if wanted is None:
                return
        raise CutVerifyFailed("The source read differently the second time.")

    def _encoded(self, ticks: list[int], key_at: int = 0, held: int | None = None) -> Iterator[AnyPacket]:
        """Decode and encode pictures that follow each other, with key frames at the first and at ``key_at``.

        ``held`` is where the first of them is found in the source, if not at its own tick.
        """
        if not ticks:
            return
        encoder = self._encoder()
        pictures = self._reader.pictures_on_screen(ticks[0], held)
        for index, wanted in enumerate(ticks):
            shown, frame = next(pictures, (None, None))
            if shown != wanted or frame is None:
                raise CutVerifyFailed(f"The picture at {self._seconds(wanted):.3f} s of the source does not decode.")
            frame.pts, frame.time_base, frame.pict_type = shown, self._plan.pictures.time_base, PictureType.NONE
            if index == key_at:
                # From here the check of the seam decodes; the whole head again would double its cost.
                frame.pict_type = PictureType.I
            yield from self._fitted(encoder, frame)
        yield from self._fitted(encoder, None)

    def _fitted(self, encoder: VideoCodecContext, frame: VideoFrame | None) -> Iterator[AnyPacket]:
        for packet in encoder.encode(frame):
            data = self._splice.encoded(packet, encoder.extradata or b"", first=packet.is_keyframe)
            yield replaced(packet, data)

    def _encoder(self) -> VideoCodecContext:
        """Return an opened encoder that matches the source; two of them write the same header."""
        source = self._reader.codec
        encoder = cast("VideoCodecContext", CodecContext.create(self._splice.encoder, "w"))
        encoder.width, encoder.height, encoder.pix_fmt = source.width, source.height, source.pix_fmt
        encoder.time_base = self._plan.pictures.time_base
        encoder.framerate = self._reader.stream.average_rate or _UNKNOWN_RATE
        if source.sample_aspect_ratio is not None:
            encoder.sample_aspect_ratio = source.sample_aspect_ratio
        encoder.color_range, encoder.colorspace = source.color_range, source.colorspace
        encoder.color_primaries, encoder.color_trc = source.color_primaries, source.color_trc
        encoder.flags |= Flags.global_header
        if self._reader.sample.interlaced_frame and self._splice.encoder == "libx264":
            encoder.flags |= Flags.interlaced_dct | Flags.interlaced_me
        encoder.thread_count = self._threads
        encoder.options = self._splice.options
        try:
            encoder.open()
        except av.error.ArgumentError as error:
            raise CannotCopy("pictures like its own cannot be encoded here") from error
        return encoder

    def _seconds(self, tick: int) -> float:
        return float(tick * self._plan.pictures.time_base - self._reader.origin)
