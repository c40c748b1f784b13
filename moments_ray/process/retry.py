"""How long to wait before something is tried again: by our own backoff, or as a busy server asks."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_MOST_STEPS = 60  # more would overflow after an outage of a night


def backoff(failures: int, first: float, longest: float, factor: float = 2.0) -> float:
    """Return the seconds to wait after so many failures in a row: longer each time, up to a bound.

    With full jitter over the upper half, so that many who failed at once do not come back as one wave.
    """
    delay = min(longest, first * factor ** min(max(failures - 1, 0), _MOST_STEPS))
    return delay * random.uniform(0.5, 1.0)  # noqa: S311 - jitter


def retry_after(value: str) -> float | None:
    """Return the seconds that the header ``Retry-After`` asks to wait (RFC 9110, 10.2.3); None where it is not one."""
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
