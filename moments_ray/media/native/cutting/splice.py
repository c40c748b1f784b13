"""How encoded pictures are joined to copied ones in one stream, codec by codec."""

from __future__ import annotations

from typing import Protocol

from av.packet import Packet
from av.video.codeccontext import VideoCodecContext

from moments_ray.media.native.cutting import h264, hevc, nal
from moments_ray.media.native.cutting.plan import CannotCopy
from moments_ray.media.native.cutting.reader import AnyPacket


class Splice(Protocol):
    """What one source's codec needs so that a decoder passes from encoded to copied pictures and back."""

    encoder: str
    options: dict[str, str]

    def is_entry(self, packet: AnyPacket) -> bool:
        """Tell of a key frame whether copying may begin with it, once what is shown before it is left out."""
        ...

    def header(self, edge: bytes) -> bytes | None:
        """Return the stream's header, given that of the edge encoder; None keeps the source's."""
        ...

    def encoded(self, packet: AnyPacket, edge: bytes, *, first: bool) -> bytes:
        """Return an encoded picture as the stream holds it; ``first`` of a group of pictures."""
        ...

    def copied(self, packet: AnyPacket, *, first: bool) -> bytes:
        """Return a copied picture as the stream holds it; raises CannotCopy where it cannot be."""
        ...


def splice_for(codec: VideoCodecContext) -> Splice:
    """Return how to join pictures of a source's codec; raises CannotCopy where that is not known."""
    kinds: dict[str, type[H264Splice | HevcSplice | Vp9Splice]] = {
        "h264": H264Splice,
        "hevc": HevcSplice,
        "vp9": Vp9Splice,
    }
    name = codec.codec.canonical_name
    if name not in kinds:
        raise CannotCopy(f"{name} is not copied")
    try:
        return kinds[name](codec)
    except ValueError as error:
        raise CannotCopy("its header is damaged") from error


class H264Splice:
    """The encoded pictures have their own parameter sets, which stand beside the source's under another id."""

    encoder = "libx264"

    def __init__(self, codec: VideoCodecContext) -> None:
        configuration = h264.read_configuration(codec.extradata)
        if configuration is None:
            raise CannotCopy("its header has no parameter sets")
        number = configuration.free_id()
        if number is None:
            raise CannotCopy("it uses every parameter set id there is")
        self._configuration = configuration
        self._plain = configuration.record([])
        self._known = {*configuration.sequence_sets, *configuration.picture_sets}
        self.options = {
            # 45 dB, for less than one group of pictures in a clip. A constant quantiser spares the encoder a second,
            # smaller copy of every picture to plan its bits by, and looking for blocks to drop: a third of its time.
            "preset": "ultrafast",
            "qp": "21",
            "forced-idr": "1",
            "x264-params": f"sps-id={number}:bframes=0:scenecut=0:keyint=infinite:no-dct-decimate=1",
        }
        if configuration.profile_name is not None:
            self.options["profile"] = configuration.profile_name

    def is_entry(self, packet: AnyPacket) -> bool:
        """Only an IDR picture: a key frame's flag alone may be a recovery point."""
        return any(h264.kind(unit) == h264.IDR_SLICE for unit in self._units(packet))

    def header(self, edge: bytes) -> bytes:
        """Put the edge encoder's parameter sets beside the source's."""
        return self._configuration.record(nal.units_between_start_codes(edge)) if edge else self._plain

    def encoded(self, packet: AnyPacket, edge: bytes, *, first: bool) -> bytes:  # noqa: ARG002 - see Splice
        """Write lengths instead of start codes."""
        return nal.sample(nal.units_between_start_codes(bytes(packet)))

    def copied(self, packet: AnyPacket, *, first: bool) -> bytes:  # noqa: ARG002 - see Splice
        """Take out the parameter sets that the header holds; others would change the meaning of what follows."""
        kept = []
        for unit in self._units(packet):
            if h264.kind(unit) in {h264.SPS, h264.PPS}:
                if unit not in self._known:
                    raise CannotCopy("its parameter sets change inside the range")
            elif h264.kind(unit) != h264.ACCESS_UNIT_DELIMITER:
                kept.append(unit)
        return nal.sample(kept)

    def _units(self, packet: AnyPacket) -> list[bytes]:
        return _units(packet, self._configuration.length_bytes)


class HevcSplice:
    """Parameter sets of either side stand before its first picture, in the stream itself (``hev1``)."""

    encoder = "libx265"

    def __init__(self, codec: VideoCodecContext) -> None:
        configuration = hevc.read_configuration(codec.extradata)
        if configuration is None:
            raise CannotCopy("its header has no parameter sets")
        self._configuration = configuration
        self.options = {
            "preset": "ultrafast",
            "crf": "20",
            "forced-idr": "1",
            "x265-params": "log-level=none:pools=1:frame-threads=1:bframes=0:scenecut=0:keyint=-1:open-gop=0",
        }

    def is_entry(self, packet: AnyPacket) -> bool:
        """Any random access picture; one of an open group has its link to the group before it broken."""
        units = _units(packet, self._configuration.length_bytes)
        return any(hevc.kind(unit) in hevc.ENTRY_TYPES for unit in units)

    def header(self, edge: bytes) -> None:  # noqa: ARG002 - see Splice
        """Keep the source's."""
        return

    def encoded(self, packet: AnyPacket, edge: bytes, *, first: bool) -> bytes:
        """Put the encoder's parameter sets before its first picture."""
        sets = nal.units_between_start_codes(edge) if first else []
        return nal.sample([*sets, *nal.units_between_start_codes(bytes(packet))])

    def copied(self, packet: AnyPacket, *, first: bool) -> bytes:
        """Put the source's parameter sets before every key frame: a player may come to it from the encoded pictures."""
        units = _units(packet, self._configuration.length_bytes)
        if first:
            units = [hevc.without_link(unit) for unit in units]
        if packet.is_keyframe:
            # A delimiter would have to stand before them.
            kept = [unit for unit in units if hevc.kind(unit) != hevc.ACCESS_UNIT_DELIMITER]
            units = [*self._configuration.sets, *kept]
        return nal.sample(units)


class Vp9Splice:
    """Every key frame begins again and no header is shared: the pictures only follow each other."""

    encoder = "libvpx-vp9"
    options = {  # noqa: RUF012 - a constant of the class
        "deadline": "realtime",
        "cpu-used": "8",
        "crf": "24",
        "b": "0",
        "auto-alt-ref": "0",
        "lag-in-frames": "0",
        "g": "9999",
    }

    def __init__(self, codec: VideoCodecContext) -> None:
        """Any VP9 will do."""

    def is_entry(self, packet: AnyPacket) -> bool:  # noqa: ARG002 - see Splice
        """Any key frame."""
        return True

    def header(self, edge: bytes) -> None:  # noqa: ARG002 - see Splice
        """Keep the source's."""
        return

    def encoded(self, packet: AnyPacket, edge: bytes, *, first: bool) -> bytes:  # noqa: ARG002 - see Splice
        """Take the picture as it is."""
        return bytes(packet)

    def copied(self, packet: AnyPacket, *, first: bool) -> bytes:  # noqa: ARG002 - see Splice
        """Take the picture as it is; one that is not shown would not be on the plan's grid."""
        data = bytes(packet)
        try:
            hidden = _is_hidden_vp9(data)
        except IndexError as error:
            raise CannotCopy("a packet of it is damaged") from error
        if hidden:
            raise CannotCopy("it has packets that show no picture")
        return data


def replaced(packet: AnyPacket, data: bytes) -> AnyPacket:
    """Return a packet with other bytes and the same place in time."""
    fresh: AnyPacket = Packet(data)
    fresh.pts, fresh.dts, fresh.duration, fresh.time_base = packet.pts, packet.dts, packet.duration, packet.time_base
    fresh.is_keyframe = packet.is_keyframe
    return fresh


def _units(packet: AnyPacket, length_bytes: int) -> list[bytes]:
    try:
        return nal.units_of(bytes(packet), length_bytes)
    except ValueError as error:
        raise CannotCopy("a packet of it is damaged") from error


def _is_hidden_vp9(data: bytes) -> bool:
    """Read whether a packet's last frame is one that is not shown (VP9 bitstream specification, 6.2 and Annex B)."""
    header = data
    if data[-1] & 0xE0 == 0xC0:  # a superframe: its last frame counts
        size_bytes, frames = (data[-1] >> 3 & 3) + 1, (data[-1] & 7) + 1
        index = data[len(data) - 1 - size_bytes * frames : -1]
        sizes = [int.from_bytes(index[at : at + size_bytes], "little") for at in range(0, len(index), size_bytes)]
        header = data[sum(sizes[:-1]) :]
    bits = f"{header[0]:08b}{header[1]:08b}"
    position = 5 if bits[2:4] == "11" else 4  # profile 3 has a reserved bit
    shows_existing = bits[position] == "1"
    return not shows_existing and bits[position + 2] == "0"
