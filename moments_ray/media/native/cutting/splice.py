"""How encoded pictures are joined to copied ones in one stream, codec by codec."""

from __future__ import annotations

from typing import Protocol

from av.packet import Packet
from av.video.codeccontext import VideoCodecContext

from moments_ray.media.native.cutting import h264
from moments_ray.media.native.cutting.plan import CannotCopy
from moments_ray.media.native.cutting.reader import AnyPacket


class Splice(Protocol):
    """What one source's codec needs so that a decoder passes from encoded to copied pictures and back."""

    encoder: str
    options: dict[str, str]

    def is_clean(self, packet: AnyPacket) -> bool:
        """Tell of a key frame whether nothing after it refers to anything before it."""
        ...

    def header(self, edge: VideoCodecContext) -> bytes | None:
        """Return the stream's header for copied pictures and those of an opened edge encoder."""
        ...

    def edge(self, packet: AnyPacket) -> bytes:
        """Return an encoded picture as the stream holds it."""
        ...

    def copied(self, packet: AnyPacket) -> bytes | None:
        """Return a copied picture as the stream holds it, None if it already is; raises CannotCopy if it cannot be."""
        ...


def splice_for(codec: VideoCodecContext) -> Splice:
    """Return how to join pictures of a source's codec; raises CannotCopy where that is not known."""
    if codec.name == "h264":
        return H264Splice(codec)
    raise CannotCopy(f"{codec.codec.canonical_name} is not copied")


class H264Splice:
    """The encoded pictures bring their own parameter sets, which stand beside the source's under another id."""

    encoder = "libx264"

    def __init__(self, codec: VideoCodecContext) -> None:
        configuration = h264.read_configuration(codec.extradata)
        if configuration is None:
            raise CannotCopy("its parameter sets are not in the container's header")
        number = configuration.free_id()
        if number is None:
            raise CannotCopy("it uses every parameter set id there is")
        self._configuration = configuration
        self._known = {*configuration.sequence_sets, *configuration.picture_sets}
        self.options = {
            # Half a second to a few of every clip: 45 dB, at half the time of superfast.
            "preset": "ultrafast",
            "crf": "21",
            "forced-idr": "1",
            "x264-params": f"sps-id={number}:bframes=0:scenecut=0:keyint=infinite",
        }
        if configuration.profile_name is not None:
            self.options["profile"] = configuration.profile_name

    def is_clean(self, packet: AnyPacket) -> bool:
        """Only an IDR picture: a key frame's flag alone may be a recovery point."""
        return any(h264.kind(unit) == h264.IDR_SLICE for unit in self._units(packet))

    def header(self, edge: VideoCodecContext) -> bytes:
        """Put the edge encoder's parameter sets beside the source's."""
        return self._configuration.with_sets(h264.units_between_start_codes(edge.extradata or b""))

    def edge(self, packet: AnyPacket) -> bytes:
        """Write lengths instead of start codes."""
        return h264.sample(h264.units_between_start_codes(bytes(packet)))

    def copied(self, packet: AnyPacket) -> bytes | None:
        """Take out parameter sets that the header holds; others would change the meaning of what follows."""
        units = list(self._units(packet))
        kept = [unit for unit in units if h264.kind(unit) not in {h264.SPS, h264.PPS, h264.ACCESS_UNIT_DELIMITER}]
        if any(unit not in self._known for unit in units if h264.kind(unit) in {h264.SPS, h264.PPS}):
            raise CannotCopy("its parameter sets change inside the range")
        if len(kept) == len(units) and self._configuration.length_bytes == len(h264.sample([b""])):
            return None
        return h264.sample(kept)

    def _units(self, packet: AnyPacket) -> list[bytes]:
        try:
            return list(h264.units_of(bytes(packet), self._configuration.length_bytes))
        except ValueError as error:
            raise CannotCopy("a packet of it is damaged") from error


def replaced(packet: AnyPacket, data: bytes) -> AnyPacket:
    """Return a packet with other bytes and the same place in time."""
    fresh: AnyPacket = Packet(data)
    fresh.pts, fresh.dts, fresh.duration, fresh.time_base = packet.pts, packet.dts, packet.duration, packet.time_base
    fresh.is_keyframe = packet.is_keyframe
    return fresh
