"""What a cut must know of H.264: NAL units and parameter sets (ITU-T H.264, 7.3; ISO 14496-15, 5.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

IDR_SLICE = 5
SPS = 7
PPS = 8
ACCESS_UNIT_DELIMITER = 9

_LENGTH_BYTES = 4
_LARGEST_SPS_ID = 31
# Profiles whose configuration record carries the chroma format and bit depths (ISO 14496-15, 5.3.3.1.2).
_HIGH_PROFILES = frozenset({100, 110, 122, 144, 244})
_PROFILE_NAMES = {66: "baseline", 77: "main", 100: "high", 110: "high10", 122: "high422", 244: "high444"}


@dataclass(frozen=True, slots=True)
class Configuration:
    """An ``avcC`` record: the profile, compatibility and level bytes, the parameter sets, what follows them."""

    profile: bytes
    length_bytes: int
    sequence_sets: tuple[bytes, ...]
    picture_sets: tuple[bytes, ...]
    extension: bytes

    @property
    def profile_name(self) -> str | None:
        """x264's name of the profile."""
        return _PROFILE_NAMES.get(self.profile[0])

    def free_id(self) -> int | None:
        """Return an id that neither a sequence nor a picture parameter set bears, or None."""
        taken = {_exp_golomb(_payload(sps)[3:], 1)[0] for sps in self.sequence_sets}
        taken |= {_exp_golomb(_payload(pps), 1)[0] for pps in self.picture_sets}
        return next((number for number in range(_LARGEST_SPS_ID + 1) if number not in taken), None)

    def with_sets(self, units: list[bytes]) -> bytes:
        """Return the record of a stream in which more parameter sets stand beside these."""
        sequence = [*self.sequence_sets, *(unit for unit in units if kind(unit) == SPS)]
        picture = [*self.picture_sets, *(unit for unit in units if kind(unit) == PPS)]
        level = max(unit[3] for unit in sequence)
        parts = [b"\x01", self.profile[:2], bytes([level, 0xFC | (_LENGTH_BYTES - 1), 0xE0 | len(sequence)])]
        parts += [len(unit).to_bytes(2, "big") + unit for unit in sequence]
        parts.append(bytes([len(picture)]))
        parts += [len(unit).to_bytes(2, "big") + unit for unit in picture]
        return b"".join([*parts, self.extension])


def read_configuration(extradata: bytes | None) -> Configuration | None:
    """Read an ``avcC`` record; None for anything else, such as the start codes of a transport stream."""
    if extradata is None or len(extradata) < 7 or extradata[0] != 1:
        return None
    sequence, position = _sets(extradata, 6, extradata[5] & 0x1F)
    if position >= len(extradata):
        return None
    picture, position = _sets(extradata, position + 1, extradata[position])
    extension = extradata[position:] if extradata[1] in _HIGH_PROFILES else b""
    return Configuration(extradata[1:4], (extradata[4] & 3) + 1, sequence, picture, extension)


def _sets(data: bytes, position: int, count: int) -> tuple[tuple[bytes, ...], int]:
    found = []
    for _ in range(count):
        length = int.from_bytes(data[position : position + 2], "big")
        found.append(data[position + 2 : position + 2 + length])
        position += 2 + length
    return tuple(found), position


def kind(unit: bytes) -> int:
    """Return the type of a NAL unit."""
    return unit[0] & 0x1F


def units_of(data: bytes, length_bytes: int) -> Iterator[bytes]:
    """Yield the NAL units of a sample, each preceded by its length; raises ValueError where they do not fit."""
    position = 0
    while position < len(data):
        length = int.from_bytes(data[position : position + length_bytes], "big")
        position += length_bytes
        if length == 0 or position + length > len(data):
            raise ValueError("a NAL unit does not fit its sample")
        yield data[position : position + length]
        position += length


def units_between_start_codes(data: bytes) -> list[bytes]:
    """Return the NAL units of a byte stream (Annex B)."""
    units = data.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")
    return [unit for unit in units if unit]


def sample(units: list[bytes]) -> bytes:
    """Put NAL units into a sample, four length bytes before each."""
    return b"".join(len(unit).to_bytes(_LENGTH_BYTES, "big") + unit for unit in units)


def _payload(unit: bytes) -> bytes:
    """Drop the header byte and the bytes that keep start codes out."""
    return unit[1:].replace(b"\0\0\3", b"\0\0")


def _exp_golomb(data: bytes, count: int) -> list[int]:
    """Read ``ue(v)`` numbers from the front of some bytes (9.1)."""
    bits = "".join(f"{byte:08b}" for byte in data[:16])
    numbers, position = [], 0
    for _ in range(count):
        zeros = bits.index("1", position) - position
        position += zeros
        numbers.append(int(bits[position : position + zeros + 1], 2) - 1)
        position += zeros + 1
    return numbers
