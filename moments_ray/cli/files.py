"""Files that commands are given, and those that they write; ``-`` is stdin."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from moments_ray.errors import InvalidRequest, SourceNotFound


def read_object(path: Path, what: str) -> dict[str, Any]:
    """Return the JSON object that a file holds; ``what`` names it in errors.

    Raises:
        SourceNotFound: the file cannot be read.
        InvalidRequest: it is no JSON object.
    """
    shown = "stdin" if str(path) == "-" else f"the file {path.name[:100]!r}"
    try:
        content = json.loads(sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes())
    except OSError as error:
        raise SourceNotFound(f"The {what} in {shown} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"The {what} in {shown} is not JSON: {error}.") from error
    if not isinstance(content, dict):
        raise InvalidRequest(f"The {what} in {shown} is not a JSON object.")
    return content


async def write_result(content: bytes, out: Path | None) -> None:
    """Write bytes to a file, or to stdout.

    Raises:
        InvalidRequest: the file cannot be written.
    """
    if out is None:
        sys.stdout.buffer.write(content)
        return
    try:
        await asyncio.to_thread(out.write_bytes, content)
    except OSError as error:
        raise InvalidRequest(f"Nothing can be written to {out}: {error.strerror}") from error
