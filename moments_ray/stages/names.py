"""Parts of object names that stages share."""

from __future__ import annotations

import base64


def content_mark(checksum: str) -> str:
    """Return a checksum (CRC32C in base64) as 8 hex digits, fit for an object's name."""
    return base64.b64decode(checksum).hex()
