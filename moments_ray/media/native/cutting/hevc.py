"""Parameter sets and entry points of HEVC (ITU-T H.265, 7.3 and 8.3; ISO 14496-15, 8.3)."""

from __future__ import annotations

from dataclasses import dataclass

CLEAN_RANDOM_ACCESS = 21
BROKEN_LINK_WITHOUT_LEADING = 18
# BLA and IDR pictures, and CRA pictures once what leads them is gone.
ENTRY_TYPES = frozenset({16, 17, 18, 19, 20, CLEAN_RANDOM_ACCESS})
PARAMETER_SETS = frozenset({32, 33, 34})
ACCESS_UNIT_DELIMITER = 35
_FIRST_ARRAY = 22


@dataclass(frozen=True, slots=True)
class Configuration:
    """What an ``hvcC`` record says: how many bytes give a unit's length, and the parameter sets in order."""

    length_bytes: int
    sets: tuple[bytes, ...]


def read_configuration(extradata: bytes | None) -> Configuration | None:
    """Read an ``hvcC`` record; None for the byte stream that transport streams give."""
    if extradata is None or len(extradata) <= _FIRST_ARRAY or extradata[0] != 1:
        return None
    found = []
    position = _FIRST_ARRAY + 1
    for _ in range(extradata[_FIRST_ARRAY]):
        count = int.from_bytes(extradata[position + 1 : position + 3], "big")
        position += 3
        for _ in range(count if position < len(extradata) else 0):
            length = int.from_bytes(extradata[position : position + 2], "big")
            found.append(extradata[position + 2 : position + 2 + length])
            position += 2 + length
    sets = tuple(unit for unit in found if unit and kind(unit) in PARAMETER_SETS)
    return Configuration((extradata[21] & 3) + 1, sets) if sets else None


def kind(unit: bytes) -> int:
    """Return the type of a NAL unit."""
    return unit[0] >> 1 & 0x3F


def without_link(unit: bytes) -> bytes:
    """Return a unit of a clean random access picture as one whose link to the past is broken; the rest is the same.

    Its order of pictures then counts again, whatever stands before it.
    """
    if kind(unit) != CLEAN_RANDOM_ACCESS:
        return unit
    return bytes([unit[0] & 0x81 | BROKEN_LINK_WITHOUT_LEADING << 1]) + unit[1:]
