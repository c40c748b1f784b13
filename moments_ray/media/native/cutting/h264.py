"""Parameter sets and configuration records of H.264 (ITU-T H.264, 7.3; ISO 14496-15, 5.3.3)."""

from __future__ import annotations

from dataclasses import dataclass

from moments_ray.media.native.cutting.nal import LENGTH_BYTES, Payload, counted, units_between_start_codes

IDR_SLICE = 5
SPS = 7
PPS = 8
ACCESS_UNIT_DELIMITER = 9

_LARGEST_SPS_ID = 31
_SHORTEST_RECORD = 7
_SHORTEST_SET = 5
# Profiles whose record and sequence parameter set carry the chroma format and the bit depths.
_HIGH_PROFILES = frozenset({100, 110, 122, 244})
_FULL_CHROMA = 3
_PROFILE_NAMES = {66: "baseline", 77: "main", 100: "high", 110: "high10", 122: "high422", 244: "high444"}


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a stream's header says: how many bytes give a unit's length (0: start codes) and the parameter sets."""

    length_bytes: int
    sequence_sets: tuple[bytes, ...]
    picture_sets: tuple[bytes, ...]

    @property
    def profile_name(self) -> str | None:
        """x264's name of the profile."""
        return _PROFILE_NAMES.get(self.sequence_sets[0][1])

    def free_id(self) -> int | None:
        """Return an id that neither a sequence nor a picture parameter set bears, or None."""
        taken = {Payload(unit[4:]).number() for unit in self.sequence_sets}
        taken |= {Payload(unit[1:]).number() for unit in self.picture_sets}
        return next((number for number in range(_LARGEST_SPS_ID + 1) if number not in taken), None)

    def record(self, added: list[bytes]) -> bytes:
        """Return an ``avcC`` record of these parameter sets and of more that stand beside them."""
        sequence = [*self.sequence_sets, *(unit for unit in added if kind(unit) == SPS)]
        picture = [*self.picture_sets, *(unit for unit in added if kind(unit) == PPS)]
        profile, compatibility, _ = sequence[0][1:4]
        level = max(unit[3] for unit in sequence)
        head = bytes([1, profile, compatibility, level, 0xFC | (LENGTH_BYTES - 1), 0xE0 | len(sequence)])
        return head + counted(sequence) + bytes([len(picture)]) + counted(picture) + _extension(sequence[0])


def read_configuration(extradata: bytes | None) -> Configuration | None:
    """Read an ``avcC`` record or the byte stream that transport streams give; None if it has no parameter sets."""
    if not extradata or len(extradata) < _SHORTEST_RECORD:
        return None
    if extradata[0] == 0:
        units = units_between_start_codes(extradata)
        sequence = tuple(unit for unit in units if kind(unit) == SPS)
        picture = tuple(unit for unit in units if kind(unit) == PPS)
        length_bytes = 0
    else:
        sequence, position = _sets(extradata, 6, extradata[5] & 0x1F)
        picture, _ = _sets(extradata, position + 1, extradata[position] if position < len(extradata) else 0)
        length_bytes = (extradata[4] & 3) + 1
    whole = sequence and picture and all(len(unit) >= _SHORTEST_SET for unit in sequence) and all(picture)
    return Configuration(length_bytes, sequence, picture) if whole else None


def kind(unit: bytes) -> int:
    """Return the type of a NAL unit."""
    return unit[0] & 0x1F


def _sets(data: bytes, position: int, count: int) -> tuple[tuple[bytes, ...], int]:
    found = []
    for _ in range(count):
        length = int.from_bytes(data[position : position + 2], "big")
        found.append(data[position + 2 : position + 2 + length])
        position += 2 + length
    return tuple(found), position


def _extension(sequence_set: bytes) -> bytes:
    """Return what the record of a high profile says of chroma format and bit depths, and that nothing extends it."""
    if sequence_set[1] not in _HIGH_PROFILES:
        return b""
    payload = Payload(sequence_set[4:])
    payload.number()  # the set's own id
    chroma = payload.number()
    if chroma == _FULL_CHROMA:
        payload.bits(1)  # whether its planes are coded apart
    return bytes([0xFC | chroma, 0xF8 | payload.number(), 0xF8 | payload.number(), 0])
