"""Ranges of a source as people and programs write them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path

from moments_ray.cli.source import shown_name
from moments_ray.errors import InvalidRequest, SourceNotFound

Range = tuple[float, float]

_RANGE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*-\s*(\d+(?:\.\d+)?)\s*")
_LARGEST_BYTES = 1024**2


def read_range(text: str) -> Range:
    """Read ``A-B``, in seconds.

    Raises:
        InvalidRequest: it is not one.
    """
    match = _RANGE.fullmatch(text)
    if match is None:
        raise _no_range(text)
    return _checked(float(match[1]), float(match[2]), text)


def read_ranges(path: Path) -> Sequence[Range]:
    """Read a file with one ``A-B`` a line, or a JSON list of ``"A-B"``, ``[A, B]`` or moments, or a ``moments.json``.

    Raises:
        SourceNotFound: the file cannot be read.
        InvalidRequest: something in it is no range.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_BYTES).decode()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceNotFound(f"The file of ranges {shown_name(str(path))} cannot be read: {reason}") from error
    if text.lstrip()[:1] not in {"[", "{"}:
        return [read_range(line) for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"The file of ranges {shown_name(str(path))} is not JSON: {error}") from error
    if isinstance(entries, dict):
        entries = entries.get("moments")
    if not isinstance(entries, list):
        raise InvalidRequest(f"The file of ranges {shown_name(str(path))} holds no list of ranges.")
    return [_entry(entry) for entry in entries]


def _entry(entry: object) -> Range:
    match entry:
        case str():
            return read_range(entry)
        case [int() | float() as start, int() | float() as end]:
            return _checked(float(start), float(end), f"{start}-{end}")
        case {"start_time": int() | float() as start, "end_time": int() | float() as end}:
            return _checked(float(start), float(end), f"{start}-{end}")
        case _:
            raise _no_range(json.dumps(entry))


def _checked(start: float, end: float, text: str) -> Range:
    if not 0 <= start < end < math.inf:
        raise _no_range(text)
    return start, end


def _no_range(text: str) -> InvalidRequest:
    return InvalidRequest(f"{text[:60]!r} is not a range: write A-B in seconds with A before B, as 12.5-47.")
