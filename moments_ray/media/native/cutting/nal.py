"""Splits samples of H.264 and HEVC into NAL units and joins them (ISO 14496-15, 4.3; Annex B of either standard)."""

from __future__ import annotations

from collections.abc import Iterable

LENGTH_BYTES = 4
_FRONT_BYTES = 64


def units_of(data: bytes, length_bytes: int) -> list[bytes]:
    """Return the NAL units of a sample, each preceded by its length (0: by a start code).

    Raises ValueError where they do not fit.
    """
    if length_bytes == 0:
        return units_between_start_codes(data)
    units, position = [], 0
    while position < len(data):
        length = int.from_bytes(data[position : position + length_bytes], "big")
        position += length_bytes
        if length == 0 or position + length > len(data):
            raise ValueError("a NAL unit does not fit its sample")
        units.append(data[position : position + length])
        position += length
    return units


def units_between_start_codes(data: bytes) -> list[bytes]:
    """Return the NAL units of a byte stream; none ends in a zero byte, so zeros before a start code are not its own."""
    return [unit for part in data.split(b"\0\0\1") if (unit := part.rstrip(b"\0"))]


def sample(units: Iterable[bytes]) -> bytes:
    """Put NAL units into a sample, ``LENGTH_BYTES`` before each."""
    return b"".join(len(unit).to_bytes(LENGTH_BYTES, "big") + unit for unit in units)


def counted(units: Iterable[bytes]) -> bytes:
    """Put parameter sets into a configuration record, two length bytes before each."""
    return b"".join(len(unit).to_bytes(2, "big") + unit for unit in units)


class Payload:
    """Reads the front of a NAL unit's payload bit by bit; raises ValueError past its end."""

    def __init__(self, data: bytes) -> None:
        self._bits = "".join(f"{byte:08b}" for byte in data[:_FRONT_BYTES].replace(b"\0\0\3", b"\0\0"))
        self._position = 0

    def bits(self, count: int) -> int:
        """Read an unsigned number of ``count`` bits."""
        found = self._bits[self._position : self._position + count]
        if len(found) < count:
            raise ValueError("the payload ends early")
        self._position += count
        return int(found, 2)

    def number(self) -> int:
        """Read an Exp-Golomb code (``ue(v)``)."""
        zeros = self._bits.index("1", self._position) - self._position
        self._position += zeros
        return self.bits(zeros + 1) - 1
