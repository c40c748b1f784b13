"""Which bytes of an object a request asks for, after RFC 9110 section 14."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ONE_RANGE = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", re.IGNORECASE)


@dataclass(frozen=True)
class ByteRange:
    """Bytes from ``start``, so many of them; ``length`` is 0 where the object has none of what was asked."""

    start: int
    length: int


def requested_range(header: str | None, size: int) -> ByteRange | None:
    """Return the one range that is asked for; None, which means all, for what is not one, as the RFC allows."""
    match = _ONE_RANGE.fullmatch(header or "")
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        length = min(int(last), size)
        return ByteRange(size - length, length)
    start = int(first)
    end = min(int(last) if last else size - 1, size - 1)
    if last and int(last) < start:
        return None
    return ByteRange(start, max(0, end - start + 1))
