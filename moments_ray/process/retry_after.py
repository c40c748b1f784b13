"""When a server that is busy wants to be asked again: the header ``Retry-After``, after RFC 9110 section 10.2.3."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def retry_after(value: str) -> float | None:
    """Return the seconds that the header's value asks to wait; None where it is not one."""
    value = value.strip()
    if value.isascii() and value.isdecimal():
        return float(value[:9])  # however many digits: longer than anybody waits
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
