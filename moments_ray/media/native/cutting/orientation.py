"""How a player turns and mirrors pictures, read from their display matrix."""

from __future__ import annotations

import struct
from typing import Any

from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame

Filters = tuple[tuple[str, str], ...]

_MATRIX = struct.Struct("<9i")
# The left upper corner of the matrix (a, b, c, d of ISO 14496-12, 8.3.2.3), by its signs, to what turns pictures so.
_TURNS: dict[tuple[int, int, int, int], Filters] = {
    (1, 0, 0, 1): (),
    (-1, 0, 0, 1): (("hflip", ""),),
    (1, 0, 0, -1): (("vflip", ""),),
    (-1, 0, 0, -1): (("hflip", ""), ("vflip", "")),
    (0, 1, -1, 0): (("transpose", "clock"),),
    (0, -1, 1, 0): (("transpose", "cclock"),),
    (0, 1, 1, 0): (("transpose", "cclock_flip"),),
    (0, -1, -1, 0): (("transpose", "clock_flip"),),
}


def turning_filters(frame: VideoFrame) -> Filters:
    """Return the filters that do to a picture what a player does by its matrix; none for a turn of odd degrees."""
    return _TURNS.get(_signs(frame), ())


def is_mirrored(frame: VideoFrame) -> bool:
    """Tell whether a picture is shown mirrored, which no turn is."""
    a, b, c, d = _signs(frame)
    return a * d - b * c < 0


def _signs(frame: VideoFrame) -> tuple[int, int, int, int]:
    side_data: Any = frame.side_data  # its stubs know no key but a name
    found = side_data.get(Type.DISPLAYMATRIX)
    matrix = b"" if found is None else bytes(found)
    if len(matrix) < _MATRIX.size:
        return 1, 0, 0, 1
    a, b, _, c, d, *_ = _MATRIX.unpack(matrix[: _MATRIX.size])
    largest = max(map(abs, (a, b, c, d)), default=0) or 1
    signs = tuple(round(value / largest) for value in (a, b, c, d))
    return signs[0], signs[1], signs[2], signs[3]
