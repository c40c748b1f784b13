"""Videos as large as a test of uploads needs them, without the time that it takes to encode so much."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path


def enlarge(path: Path, size: int) -> Path:
    """Make an MP4 file this large, in bytes, by a box that is skipped (ISO/IEC 14496-12, 8.1.2), of varied content."""
    rest = size - path.stat().st_size
    with path.open("ab") as file:
        file.write(struct.pack(">I4s", rest, b"free") + hashlib.shake_256(b"x").digest(rest - 8))
    return path
